//! `/v1/activity`: what was used by day, model and provider.

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::{Error, Result};
use crate::money::Nanos;

/// Which days, and which key's.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// One UTC day of the last thirty that are over; all of them if it is left out.
    #[param(value_type = Option<String>, format = "date", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    date: Option<String>,
    /// The `hash` of one key.
    api_key_hash: Option<Uuid>,
    /// The account, or nothing.
    #[serde(rename = "user_id")]
    _user_id: Option<String>,
    /// The account, or nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// Usage, as OpenRouter's clients read it.
#[derive(ToSchema)]
pub struct OpenRouterActivity {
    /// The newest day first, and of a day the dearest.
    pub data: Vec<ActivityItem>,
}

/// What was used of a model at a provider in a day.
#[derive(ToSchema)]
pub struct ActivityItem {
    /// The UTC day.
    #[schema(format = "date")]
    pub date: String,
    /// The model's id.
    pub model: String,
    /// The same.
    pub model_permaslug: String,
    /// The provider and the model.
    pub endpoint_id: String,
    /// Who served it; empty where nobody did.
    pub provider_name: String,
    /// Requests.
    pub requests: i64,
    /// What they cost.
    pub usage: Nanos,
    /// 0: what own keys at providers cost there is not known here.
    pub byok_usage_inference: Nanos,
    /// Tokens of prompts.
    pub prompt_tokens: i64,
    /// Tokens of answers.
    pub completion_tokens: i64,
    /// Those of them that were thought.
    pub reasoning_tokens: i64,
    /// The account.
    pub workspace_id: Uuid,
}

/// `GET /v1/activity`
///
/// # Errors
/// The refusals of key validation; 400 for what is no day.
#[utoipa::path(get, path = "/v1/activity", tag = "openrouter", params(ActivityQuery),
    responses((status = 200, body = OpenRouterActivity)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ActivityQuery>,
) -> Result<Response> {
    let day = |date: &str| {
        let parsed = date.parse::<Date>().ok().filter(|day| (2000..=2999).contains(&day.year()));
        parsed.ok_or_else(|| Error::invalid("date", "`date` is a UTC day, such as 2026-01-31."))
    };
    let date = query.date.as_deref().map(day).transpose()?;
    let query = json!({ "date": date.map(|date| date.to_string()), "key_id": query.api_key_hash });
    let days: Box<RawValue> = caller.rpc(&app, "list_openrouter_activity", json!({ "query": query })).await?;
    Ok(answer::private(&days))
}
