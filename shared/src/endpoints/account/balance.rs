//! `/user/balance`: credits, what is reserved and what is available, the grants behind them.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// What an account has, what is reserved of it and what is left.
#[derive(ToSchema)]
pub struct Balance {
    /// `balance`.
    pub object: String,
    /// Everything it has, less its debt.
    pub credits: Nanos,
    /// Reserved by calls that are still running.
    pub held: Nanos,
    /// What new calls may use.
    pub available: Nanos,
    /// What it owes.
    pub debt: Nanos,
    /// The plan whose limits are in force.
    pub plan: String,
    /// Its trial, if it ever had one.
    #[schema(required)]
    pub trial: Option<Trial>,
    /// Where its credit comes from, in the order in which it is spent.
    pub grants: Vec<Grant>,
}

/// The state of a trial.
#[derive(ToSchema)]
pub struct Trial {
    /// Whether it is still running.
    pub active: bool,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The requests that it still covers.
    pub requests_left: i64,
}

/// Credit that was given.
#[derive(ToSchema)]
pub struct Grant {
    /// Where it comes from, such as `trial` or `purchase`.
    pub source: String,
    /// What was given.
    pub amount: Nanos,
    /// What is left of it.
    pub remaining: Nanos,
    /// When the rest lapses; never if null.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// When it was given.
    pub created_at: Timestamp,
}

/// `GET /user/balance`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/balance", tag = "money", responses((status = 200, body = Balance)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let balance: Box<RawValue> = caller.rpc(&app, "get_balance", json!({})).await?;
    Ok(answer::private(&balance))
}
