//! `/user/activity/stats`: usage by day, model, provider and key.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ModelUsage, UsageSums, Window};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::Result;

/// Usage, in total and in parts. Each of the parts adds up to the total.
#[derive(ToSchema)]
pub struct ActivityStats {
    /// `activity_stats`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// All of it.
    pub totals: UsageSums,
    /// By day in UTC, also those without any.
    pub by_day: Vec<DayUsage>,
    /// By model, the dearest first.
    pub by_model: Vec<ModelUsage>,
    /// By provider, the dearest first.
    pub by_provider: Vec<ProviderUsage>,
    /// By key, the dearest first.
    pub by_key: Vec<KeyActivity>,
}

/// The usage of a day.
#[derive(ToSchema)]
pub struct DayUsage {
    /// The day.
    pub day: Date,
    /// What was used on it.
    pub usage: UsageSums,
}

/// The usage of a provider.
#[derive(ToSchema)]
pub struct ProviderUsage {
    /// Its name; null: no provider was reached.
    #[schema(required)]
    pub provider: Option<String>,
    /// What it was used for.
    pub usage: UsageSums,
}

/// The usage of a key.
#[derive(ToSchema)]
pub struct KeyActivity {
    /// Its id.
    pub key_id: Uuid,
    /// Its name.
    pub name: String,
    /// How it ends.
    pub last_four: String,
    /// What it used.
    pub usage: UsageSums,
}

/// `GET /user/activity/stats`: of today and the 29 days before it, unless asked otherwise.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known.
#[utoipa::path(get, path = "/user/activity/stats", tag = "usage", params(Window),
    responses((status = 200, body = ActivityStats)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Params(window): Params<Window>) -> Result<Response> {
    let stats: Box<RawValue> = caller.rpc(&app, "get_activity_stats", json!({ "query": window.read()? })).await?;
    Ok(answer::private(&stats))
}
