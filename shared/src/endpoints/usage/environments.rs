//! `/user/environment-usage`: usage by the environment of the key.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{EnvironmentUsage, Window};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::Result;

/// Usage by environment.
#[derive(ToSchema)]
pub struct UsageByEnvironment {
    /// `environment_usage`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// The environments that were used, the dearest first.
    pub environments: Vec<EnvironmentUsage>,
}

/// `GET /user/environment-usage`: of this month, unless asked otherwise.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known.
#[utoipa::path(get, path = "/user/environment-usage", tag = "usage", params(Window),
    responses((status = 200, body = UsageByEnvironment)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Params(window): Params<Window>) -> Result<Response> {
    let usage: Box<RawValue> = caller.rpc(&app, "get_environment_usage", json!({ "query": window.read()? })).await?;
    Ok(answer::private(&usage))
}
