//! `/admin/trial/analytics`: what trials came to.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::endpoints::window::moment;
use crate::error::Result;
use crate::money::Nanos;

/// Which trials.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrialWindow {
    /// Those that began at this moment or later; 30 days before `to` if left out.
    from: Option<Timestamp>,
    /// Those that began before this moment; now if left out.
    to: Option<Timestamp>,
}

/// What trials came to.
#[derive(ToSchema)]
pub struct TrialAnalytics {
    /// `trial_analytics`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// Trials that began.
    pub begun: i64,
    /// Those of them that are running.
    pub active: i64,
    /// Those that are over.
    pub ended: i64,
    /// Those of whose credit nothing was used.
    pub unused: i64,
    /// Those whose account has paid since.
    pub converted: i64,
    /// Of these, those that first bought credit.
    pub converted_by_purchase: i64,
    /// Those that first bought a plan.
    pub converted_by_subscription: i64,
    /// Converted ones as a part of all, from 0 to 1.
    pub conversion_rate: f64,
    /// Half of those that converted took no longer.
    #[schema(required)]
    pub median_hours_to_convert: Option<f64>,
    /// Credit that was given.
    pub credits_granted: Nanos,
    /// What of it was used.
    pub credits_used: Nanos,
}

/// `GET /admin/trial/analytics`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known.
#[utoipa::path(get, path = "/admin/trial/analytics", tag = "admin", params(TrialWindow),
    responses((status = 200, body = TrialAnalytics)))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(window): Params<TrialWindow>,
) -> Result<Response> {
    let query = TrialWindow { from: moment("from", window.from)?, to: moment("to", window.to)? };
    let trials: Box<RawValue> = caller.rpc(&app, "get_trial_analytics", json!({ "query": query })).await?;
    Ok(answer::private(&trials))
}
