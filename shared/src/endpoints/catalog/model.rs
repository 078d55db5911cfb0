//! `/models/{provider}/{model}` and `/v1/models/{id}`: one model with its routes and prices.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::figures::with_figures;
use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// A model, in a shape that OpenAI's clients read as theirs.
#[derive(ToSchema)]
pub struct Model {
    /// What requests call it.
    #[schema(example = "openai/gpt-4o-mini")]
    pub id: String,
    /// `model`.
    pub object: String,
    /// `model`, as Anthropic's clients read it.
    #[schema(rename = "type")]
    pub r#type: String,
    /// Its name, as they read it.
    pub display_name: String,
    /// When it came into the catalog, as they read it.
    pub created_at: Timestamp,
    /// The same in Unix time.
    pub created: i64,
    /// Who made it.
    pub owned_by: String,
    /// Its name, for people.
    pub name: String,
    /// What it is good for.
    pub description: String,
    /// What it is asked for: `chat`, `image` or `embedding`.
    pub kind: String,
    /// Tokens of prompt and answer together, at most.
    pub context_length: i64,
    /// Tokens of an answer, at most.
    pub max_output_tokens: i64,
    /// What it takes.
    pub input_modalities: Vec<String>,
    /// What it gives.
    pub output_modalities: Vec<String>,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// The parameters that ask for what it can do, in OpenRouter's names: of a model for chat of which nobody says, the usual ones.
    pub supported_parameters: Vec<String>,
    /// Whether its weights are public.
    pub open_weights: bool,
    /// Its first day, where that is known.
    #[schema(required, format = Date)]
    pub released_on: Option<String>,
    /// Since when it is known that its developer will take it away.
    #[schema(required)]
    pub deprecated_at: Option<Timestamp>,
    /// Whether it costs nothing.
    pub free: bool,
    /// What it costs at the provider that is asked first, in OpenRouter's names; null: not priced, so not used.
    #[schema(required)]
    pub pricing: Option<Prices>,
    /// The providers that serve it, cheapest first.
    pub routes: Vec<ModelRoute>,
    /// Its id, as OpenRouter's clients read it.
    pub canonical_slug: String,
    /// What it takes and gives, as they read it.
    pub architecture: Architecture,
    /// Its limits, as they read them.
    pub top_provider: TopProvider,
    /// null.
    #[schema(required)]
    pub per_request_limits: Option<String>,
    /// null.
    #[schema(required)]
    pub default_parameters: Option<String>,
    /// null.
    #[schema(required)]
    pub supported_voices: Option<String>,
    /// Where more is told of it.
    pub links: ModelLinks,
}

/// What a model takes and gives, as OpenRouter's clients read it.
#[derive(ToSchema)]
pub struct Architecture {
    /// Both at once.
    #[schema(example = "text+image->text")]
    pub modality: String,
    /// What it takes.
    pub input_modalities: Vec<String>,
    /// What it gives.
    pub output_modalities: Vec<String>,
    /// `Other`.
    pub tokenizer: String,
    /// null.
    #[schema(required)]
    pub instruct_type: Option<String>,
}

/// A model's limits, as OpenRouter's clients read them.
#[derive(ToSchema)]
pub struct TopProvider {
    /// Tokens of prompt and answer together, at most.
    pub context_length: i64,
    /// Tokens of an answer, at most.
    #[schema(required)]
    pub max_completion_tokens: Option<i64>,
    /// `false`.
    pub is_moderated: bool,
}

/// Where more is told of a model.
#[derive(ToSchema)]
pub struct ModelLinks {
    /// Its routes.
    pub details: String,
}

/// How a provider serves a model.
#[derive(ToSchema)]
pub struct ModelRoute {
    /// The provider.
    pub provider: String,
    /// What it calls the model.
    pub upstream_model: String,
    /// What it costs; null: not priced, so not used.
    #[schema(required)]
    pub pricing: Option<Pricing>,
    /// All that it may cost there, in OpenRouter's names; null: not priced, so not used.
    #[schema(required)]
    pub prices: Option<Prices>,
}

/// Prices in OpenRouter's names: US dollars as texts, each of one token, character, request, search, second or image. What is
/// not named costs what its kind does: a token that is cached, written or of an image what a prompt token does, one that is
/// thought what a completion token does.
#[derive(ToSchema)]
pub struct Prices {
    /// Of a prompt token.
    #[schema(example = "0.000003")]
    pub prompt: String,
    /// Of a token of the answer.
    #[schema(example = "0.000015")]
    pub completion: String,
    /// Of a request.
    pub request: String,
    /// Of a prompt token that the provider had cached.
    pub input_cache_read: Option<String>,
    /// Of a prompt token that it writes into its cache for minutes.
    pub input_cache_write: Option<String>,
    /// Of a prompt token that it writes into its cache for an hour.
    pub input_cache_write_1h: Option<String>,
    /// Of a token of reasoning.
    pub internal_reasoning: Option<String>,
    /// Of an image in the prompt, beside its tokens.
    pub image: Option<String>,
    /// Of a prompt token of an image.
    pub image_token: Option<String>,
    /// Of a token of an image in the answer.
    pub image_output: Option<String>,
    /// Of a prompt token of sound.
    pub audio: Option<String>,
    /// Of a token of sound in the answer.
    pub audio_output: Option<String>,
    /// Of a search.
    pub web_search: Option<String>,
    /// Of an image that is made, of the dearest size and quality.
    pub generated_image: Option<String>,
    /// Of an image of these sizes and qualities.
    pub generated_images: Option<HashMap<String, String>>,
    /// Of a second of sound.
    pub second: Option<String>,
    /// Of a character that is read out.
    pub character: Option<String>,
    /// Other prices of longer prompts (`min_prompt_tokens`: strictly more than that) and at other hours (`utc_start`, `utc_end`
    /// as HHMM numbers, `utc_days` by their English names). What one does not name stays.
    pub overrides: Option<Vec<serde_json::Value>>,
}

/// Prices of a route.
#[derive(ToSchema)]
pub struct Pricing {
    /// Of a million prompt tokens.
    pub prompt_per_million: Nanos,
    /// Of a million prompt tokens that the provider had cached.
    pub cached_per_million: Nanos,
    /// Of a million prompt tokens that it writes into its cache.
    pub written_per_million: Nanos,
    /// Of a million tokens of the answer.
    pub completion_per_million: Nanos,
    /// Of a request.
    pub request: Nanos,
    /// Of an image.
    #[schema(required)]
    pub image: Option<Nanos>,
}

/// `GET /models/{provider}/{model}`: both parts together are the model's id.
///
/// # Errors
/// 404 `model_not_found`.
#[utoipa::path(get, path = "/models/{provider}/{model}", tag = "models",
    params(("provider" = String, Path, description = "The part before the slash, such as `openai`."),
           ("model" = String, Path, description = "The rest, such as `gpt-4o-mini`.")),
    responses((status = 200, body = Model), (status = 404, description = "`model_not_found`")))]
pub async fn show(State(app): State<SharedApp>, Path((developer, model)): Path<(String, String)>) -> Result<Response> {
    find(&app, &format!("{developer}/{model}")).await
}

/// What follows a model's id where OpenRouter's clients ask for its routes.
const ENDPOINTS: &str = "/endpoints";

/// `GET /v1/models/{id}`: the id may hold slashes, raw or encoded. `GET /v1/models/{id}/endpoints` answers with the model's routes as
/// OpenRouter's clients read them, and how each did lately.
///
/// # Errors
/// 404 `model_not_found`.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models",
    params(("id" = String, Path, description = "The model's id; its slash may be encoded or not.")),
    responses((status = 200, body = Model), (status = 404, description = "`model_not_found`")))]
pub async fn show_by_id(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response> {
    match id.strip_suffix(ENDPOINTS) {
        Some(id) => {
            let routes: Box<RawValue> = app.supabase()?.rpc("get_model_endpoints", &json!({ "model_id": id })).await?;
            Ok(answer::recent(&with_figures(&app, &routes).await?))
        }
        None => find(&app, &id).await,
    }
}

async fn find(app: &SharedApp, id: &str) -> Result<Response> {
    let model: Box<RawValue> = app.supabase()?.rpc("get_model", &json!({ "model_id": id })).await?;
    Ok(answer::public(&model))
}
