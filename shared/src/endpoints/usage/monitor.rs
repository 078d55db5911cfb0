//! `/user/monitor`: usage at a glance.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{EnvironmentUsage, ModelUsage, UsageSums};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// What an account has, and what it has used. Days and months are those of UTC.
#[derive(ToSchema)]
pub struct UsageMonitor {
    /// `usage_monitor`.
    pub object: String,
    /// Everything it has, less its debt.
    pub credits: Nanos,
    /// Reserved by calls that are still running.
    pub held: Nanos,
    /// Since midnight.
    pub today: UsageSums,
    /// Since the month began.
    pub this_month: UsageSums,
    /// Ever.
    pub all_time: UsageSums,
    /// This month by the environment of the key, the dearest first.
    pub by_environment: Vec<EnvironmentUsage>,
    /// This month by model: the twenty dearest.
    pub by_model: Vec<ModelUsage>,
}

/// `GET /user/monitor`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/monitor", tag = "usage", responses((status = 200, body = UsageMonitor)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let monitor: Box<RawValue> = caller.rpc(&app, "get_monitor", json!({})).await?;
    Ok(answer::private(&monitor))
}
