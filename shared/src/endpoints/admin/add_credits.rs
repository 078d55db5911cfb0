//! `/admin/add_credits`: gives an account credit, or takes unspent credit back.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::money::{Nanos, nanos};

/// The change to be made. The account is named by id or by e-mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditChange {
    account_id: Option<Uuid>,
    email: Option<String>,
    /// In dollars; negative takes back.
    amount: Nanos,
    reason: Option<String>,
    expires_at: Option<Timestamp>,
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
/// The refusals of key validation; 404 `account_not_found`; 402 when more is to be taken than is unspent.
pub async fn change(State(app): State<SharedApp>, caller: Caller, input: Input<CreditChange>) -> Result<Response> {
    let Input { body, idempotency } = input;
    if body.amount == Nanos(0) {
        return Err(Error::invalid("amount", "`amount` is not 0."));
    }
    if body.account_id.is_some() == body.email.is_some() {
        return Err(Error::invalid("account_id", "Name the account by either `account_id` or `email`."));
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
    let arguments = json!({ "caller": caller, "request": wanted, "idempotency": idempotency });
    let change: Box<RawValue> = app.supabase()?.rpc("add_credits", &arguments).await?;
    Ok(answer::private(&change))
}
