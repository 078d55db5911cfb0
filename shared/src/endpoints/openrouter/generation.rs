//! `/v1/generation`: one call, after it is over.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::{Error, Result};
use crate::generation_id;
use crate::money::Nanos;

/// The longest id, in bytes.
const LONGEST: usize = 128;

/// Which call.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GenerationQuery {
    /// The `x-generation-id` of its answer, or the `id` of a chat or text completion.
    #[param(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    id: String,
}

impl GenerationQuery {
    /// What the database looks for.
    ///
    /// # Errors
    /// 400 for what is no id.
    pub(super) fn asked(&self) -> Result<Value> {
        let id = &self.id;
        if !(1..=LONGEST).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("id", "`id` is the `x-generation-id` or the `id` of an answer."));
        }
        Ok(json!({ "call_id": generation_id::read(id), "answer_id": id }))
    }
}

/// A call.
#[derive(ToSchema)]
pub struct GenerationAnswer {
    /// The call.
    pub data: Generation,
}

/// What a call used, what it cost and how long it took, as OpenRouter's clients read it. What is not known here is null or 0.
#[derive(ToSchema)]
pub struct Generation {
    /// The call's name.
    pub id: String,
    /// The id that the provider gave its answer.
    #[schema(required)]
    pub upstream_id: Option<String>,
    /// The request's name.
    #[schema(required)]
    pub request_id: Option<String>,
    /// null.
    #[schema(required)]
    pub session_id: Option<String>,
    /// null.
    #[schema(required)]
    pub external_user: Option<String>,
    /// The model's id.
    pub model: String,
    /// Who served it.
    pub provider_name: String,
    /// null.
    #[schema(required)]
    pub router: Option<String>,
    /// null.
    #[schema(required)]
    pub preset_id: Option<String>,
    /// null.
    #[schema(required)]
    pub service_tier: Option<String>,
    /// null.
    #[schema(required)]
    pub api_type: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Whether it was streamed.
    pub streamed: bool,
    /// Whether its client left.
    pub cancelled: bool,
    /// Why it ended.
    pub finish_reason: String,
    /// The same in the provider's word, where that is known.
    #[schema(required)]
    pub native_finish_reason: Option<String>,
    /// Milliseconds to the first byte.
    pub latency: i64,
    /// Milliseconds from there to the end.
    pub generation_time: i64,
    /// null.
    #[schema(required)]
    pub moderation_latency: Option<i64>,
    /// Tokens of the prompt.
    pub tokens_prompt: i64,
    /// Tokens of the answer.
    pub tokens_completion: i64,
    /// Tokens of the prompt.
    pub native_tokens_prompt: i64,
    /// Tokens of the answer.
    pub native_tokens_completion: i64,
    /// Those of them that were thought.
    pub native_tokens_reasoning: i64,
    /// Tokens of the prompt that the provider had cached.
    pub native_tokens_cached: i64,
    /// Those that it wrote into its cache.
    pub native_tokens_cache_creation: i64,
    /// Tokens of pictures in the answer.
    pub native_tokens_completion_images: i64,
    /// 0.
    pub num_media_prompt: i64,
    /// Pictures that were made.
    pub num_media_completion: i64,
    /// 0.
    pub num_input_audio_prompt: i64,
    /// Searches.
    pub num_search_results: i64,
    /// 0.
    pub num_fetches: i64,
    /// 0.
    pub billable_web_search_calls: i64,
    /// null.
    #[schema(required)]
    pub web_search_engine: Option<String>,
    /// What it cost.
    pub total_cost: Nanos,
    /// The same.
    pub usage: Nanos,
    /// 0: what an own key at the provider cost there is not known here.
    pub upstream_inference_cost: Nanos,
    /// null.
    #[schema(required)]
    pub cache_discount: Option<f64>,
    /// Whether an own key at the provider has paid.
    pub is_byok: bool,
    /// The app that called; empty if it did not say.
    pub origin: String,
    /// The same, or null.
    #[schema(required)]
    pub http_referer: Option<String>,
    /// null.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// null.
    #[schema(required)]
    pub app_id: Option<i64>,
    /// `global`.
    pub data_region: String,
    /// The account.
    pub workspace_id: Uuid,
    /// null.
    #[schema(required)]
    pub response_cache_source_id: Option<String>,
    /// null.
    #[schema(required)]
    pub provider_responses: Option<Vec<String>>,
}

/// `GET /v1/generation`: a key sees its own calls, and with the scope `usage:read` all of its account. A call is on record a moment
/// after its answer.
///
/// # Errors
/// The refusals of key validation; 404 `generation_not_found`.
#[utoipa::path(get, path = "/v1/generation", tag = "openrouter", params(GenerationQuery),
    responses((status = 200, body = GenerationAnswer), (status = 404, description = "`generation_not_found`")))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<GenerationQuery>,
) -> Result<Response> {
    let call: Box<RawValue> = caller.rpc(&app, "get_generation", json!({ "asked": query.asked()? })).await?;
    Ok(answer::private(&call))
}
