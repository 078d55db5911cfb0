//! `/admin/usage`: the platform's usage by day, model and provider.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{ModelPart, PlatformSums, ProviderPart};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::endpoints::usage::Window;
use crate::error::Result;

/// The platform's usage, in total and in parts.
#[derive(ToSchema)]
pub struct PlatformUsage {
    /// `platform_usage`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// All of it.
    pub totals: PlatformSums,
    /// By day in UTC, of which those without any are left out.
    pub by_day: Vec<DayPart>,
    /// By model, the dearest first.
    pub by_model: Vec<ModelPart>,
    /// By provider, the dearest first.
    pub by_provider: Vec<ProviderPart>,
}

/// A day's part.
#[derive(ToSchema)]
pub struct DayPart {
    /// The day.
    pub day: Date,
    /// What was used on it.
    pub usage: PlatformSums,
}

/// `GET /admin/usage`: of today and the 29 days before it, unless asked otherwise.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known.
#[utoipa::path(get, path = "/admin/usage", tag = "admin", params(Window), responses((status = 200, body = PlatformUsage)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Params(window): Params<Window>) -> Result<Response> {
    let usage: Box<RawValue> = caller.rpc(&app, "get_platform_usage", json!({ "query": window.read()? })).await?;
    Ok(answer::private(&usage))
}
