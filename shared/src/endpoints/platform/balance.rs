//! `/admin/balance`: what accounts have, where it came from, and what they owe.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Liabilities;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// What all accounts have and owe.
#[derive(ToSchema)]
pub struct PlatformBalance {
    /// `platform_balance`.
    pub object: String,
    /// When that was.
    pub at: Timestamp,
    /// The sums over all accounts.
    pub totals: Liabilities,
    /// What remains of grants, by where the credit came from.
    pub by_source: Vec<SourceOfCredit>,
}

/// What remains of the grants from one source.
#[derive(ToSchema)]
pub struct SourceOfCredit {
    /// The source, as an account's own list of grants names it.
    pub source: String,
    /// Grants of which something remains.
    pub grants: i64,
    /// What remains.
    pub remaining: Nanos,
    /// What of it lapses within 30 days.
    pub lapsing_in_30_days: Nanos,
}

/// `GET /admin/balance`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/balance", tag = "admin", responses((status = 200, body = PlatformBalance)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let balance: Box<RawValue> = caller.rpc(&app, "get_platform_balance", json!({})).await?;
    Ok(answer::private(&balance))
}
