//! `/models` and `/v1/models`: the catalog, in a shape that OpenAI's clients read as theirs.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::Model;
use crate::app::SharedApp;
use crate::dialect::Dialect;
use crate::endpoints::answer;
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::openrouter::models::Wishes;
use crate::error::Result;

/// OpenAI's clients do not page through models: unasked, they get them all.
const ALL: u32 = 1000;

/// Which page of models, as OpenAI's, Anthropic's and Codex' clients ask for it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AllModelsQuery {
    /// Those that this provider serves.
    provider: Option<String>,
    /// A part of id, name or description.
    search: Option<String>,
    /// Those that take or give it: text, image.
    modality: Option<String>,
    /// Only free ones, or only others.
    free: Option<bool>,
    /// Models a page; all of them, if it is left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// The same as Anthropic's API calls it.
    after_id: Option<String>,
    /// What an agent says of itself; it changes nothing.
    #[serde(rename = "client_version")]
    _client_version: Option<String>,
}

/// Which models, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ModelQuery {
    /// Those of these ids, with commas between them.
    ids: Option<String>,
    /// Those that this provider serves.
    provider: Option<String>,
    /// A part of id, name or description.
    search: Option<String>,
    /// Those that take or give it: text, image.
    modality: Option<String>,
    /// Only free ones, or only others.
    free: Option<bool>,
    /// Models a page.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of models.
#[derive(ToSchema)]
pub struct ModelPage {
    /// `list`.
    pub object: String,
    /// The models of this page.
    pub data: Vec<Model>,
    /// Whether there are more.
    pub has_more: bool,
    /// The `cursor` of the next page.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The first id of this page, as Anthropic's clients read it.
    #[schema(required)]
    pub first_id: Option<String>,
    /// The last one: their `after_id` of the next page.
    #[schema(required)]
    pub last_id: Option<String>,
}

/// `GET /models`
///
/// # Errors
/// 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/models", tag = "models", params(ModelQuery), responses((status = 200, body = ModelPage)))]
pub async fn list(
    State(app): State<SharedApp>,
    asked: HeaderMap,
    Params(query): Params<ModelQuery>,
) -> Result<Response> {
    let limit = page_size(query.limit, None, 100)?;
    page(&app, &asked, ModelQuery { limit: Some(limit), ..query }).await
}

/// `GET /v1/models`: at `/api/v1/models` in OpenRouter's pages (`data`, `links`, `total_count`), which its own parameters narrow:
/// `offset`, `limit`, `q`, `input_modalities`, `output_modalities`, `supported_parameters`.
///
/// # Errors
/// As [`list`].
#[utoipa::path(get, path = "/v1/models", tag = "models", params(AllModelsQuery), responses((status = 200, body = ModelPage)))]
pub async fn list_all(State(app): State<SharedApp>, dialect: Dialect, asked: HeaderMap, uri: Uri) -> Result<Response> {
    if dialect == Dialect::OpenRouter {
        let query = Wishes::read(&uri)?;
        let models = app.model_lists.read(app.supabase()?, "list_openrouter_models", &query).await?;
        return Ok(answer::public_to(&app, &asked, models));
    }
    let Params(query) = Params::<AllModelsQuery>::of(&uri)?;
    let AllModelsQuery { provider, search, modality, free, limit, cursor, after_id, .. } = query;
    let limit = Some(page_size(limit, Some(ALL), ALL)?);
    page(&app, &asked, ModelQuery { ids: None, provider, search, modality, free, limit, cursor: cursor.or(after_id) })
        .await
}

async fn page(app: &SharedApp, asked: &HeaderMap, query: ModelQuery) -> Result<Response> {
    let models = app.model_lists.read(app.supabase()?, "list_models", &query).await?;
    Ok(answer::public_to(app, asked, models))
}
