//! `/models/{provider}/{model}` and `/v1/models/{id}`: one model with its routes and prices.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

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
    /// Whether it costs nothing.
    pub free: bool,
    /// The providers that serve it, cheapest first.
    pub routes: Vec<ModelRoute>,
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

/// `GET /v1/models/{id}`: the id may hold slashes, raw or encoded.
///
/// # Errors
/// 404 `model_not_found`.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models",
    params(("id" = String, Path, description = "The model's id; its slash may be encoded or not.")),
    responses((status = 200, body = Model), (status = 404, description = "`model_not_found`")))]
pub async fn show_by_id(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response> {
    find(&app, &id).await
}

async fn find(app: &SharedApp, id: &str) -> Result<Response> {
    let model: Box<RawValue> = app.supabase()?.rpc("get_model", &json!({ "model_id": id })).await?;
    Ok(answer::public(&model))
}
