//! `/admin/add_credits`: gives an account credit, or takes unspent credit back.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check_account;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::{Error, Result};
use crate::money::{Nanos, nanos};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// The change to be made. The account is named by id or by e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "amount": 10, "reason": "a gift"})))]
pub struct CreditChange {
    /// The account's id.
    account_id: Option<Uuid>,
    /// Its address, in place of the id.
    email: Option<String>,
    /// In dollars; negative takes back.
    amount: Nanos,
    /// Kept in the ledger and on the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// When what was given lapses; never if left out.
    expires_at: Option<Timestamp>,
}

/// What was changed.
#[derive(ToSchema)]
pub struct Changed {
    /// `credit_change`.
    pub object: String,
    /// The account.
    pub account_id: Uuid,
    /// What was given, or taken if negative.
    pub amount: Nanos,
    /// Its balance now.
    pub balance: Nanos,
    /// Its debt now.
    pub debt: Nanos,
}

#[derive(Serialize)]
struct Wanted<'a> {
    account_id: Option<Uuid>,
    email: Option<&'a str>,
    #[serde(with = "nanos")]
    amount: Nanos,
    reason: Option<&'a str>,
    expires_at: Option<Timestamp>,
}

/// `POST /admin/add_credits`, with `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 404 `account_not_found`; 409 `account_deleted`; 402 when more is to be taken than is
/// unspent.
#[utoipa::path(post, path = "/admin/add_credits", tag = "admin", request_body = CreditChange,
    params(IdempotencyKey), responses(
        (status = 200, body = Changed),
        (status = 402, description = "`insufficient_credits`"),
        (status = 404, description = "`account_not_found`"),
        (status = 409, description = "`account_deleted`, `idempotency_conflict`")))]
pub async fn change(State(app): State<SharedApp>, caller: Caller, input: Input<CreditChange>) -> Result<Response> {
    let Input { body, idempotency } = input;
    if body.amount == Nanos(0) {
        return Err(Error::invalid("amount", "`amount` is not 0."));
    }
    check_account(body.account_id, body.email.as_deref())?;
    if body.reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Error::invalid("reason", format!("`reason` has at most {LONGEST_REASON} characters.")));
    }
    if body.expires_at.is_some_and(|at| at <= Timestamp::now()) {
        return Err(Error::invalid("expires_at", "`expires_at` is in the future."));
    }
    let wanted = Wanted {
        account_id: body.account_id,
        email: body.email.as_deref(),
        amount: body.amount,
        reason: body.reason.as_deref(),
        expires_at: body.expires_at,
    };
    let arguments = json!({ "request": wanted, "idempotency": idempotency });
    let change: Box<RawValue> = caller.rpc(&app, "add_credits", arguments).await?;
    Ok(answer::private(&change))
}
