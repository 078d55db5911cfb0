//! `/admin/ledger/check`: every invariant of the ledger, over all accounts.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// Whether the books balance.
#[derive(ToSchema)]
pub struct Report {
    /// Whether every invariant holds.
    pub ok: bool,
    /// Accounts that were looked at.
    pub accounts: i64,
    /// The sum of their balances.
    pub balance: Nanos,
    /// The sum of what is reserved.
    pub held: Nanos,
    /// The sum of their debts.
    pub debt: Nanos,
    /// What is wrong, at most a hundred of it.
    pub problems: Vec<Problem>,
}

/// An invariant that an account breaks.
#[derive(ToSchema)]
pub struct Problem {
    /// The account.
    pub account_id: Uuid,
    /// The invariant.
    pub problem: String,
    /// What follows from the rest of the books, in nano-dollars or seconds.
    #[schema(required)]
    pub expected: Option<f64>,
    /// What is there.
    #[schema(required)]
    pub found: Option<f64>,
}

/// `GET /admin/ledger/check`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/ledger/check", tag = "admin", responses((status = 200, body = Report)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let report: Box<RawValue> = caller.rpc(&app, "check_ledger", json!({})).await?;
    Ok(answer::private(&report))
}
