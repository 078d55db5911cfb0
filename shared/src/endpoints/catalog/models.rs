//! `/models` and `/v1/models`: the catalog, in a shape that OpenAI's clients read as theirs.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::model::Model;
use crate::app::SharedApp;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::error::Result;

/// OpenAI's clients do not page through models: unasked, they get them all.
const ALL: u32 = 1000;

/// Which models, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ModelQuery {
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

/// `GET /models`
///
/// # Errors
/// 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/models", tag = "models", params(ModelQuery), responses((status = 200, body = Page<Model>)))]
pub async fn list(State(app): State<SharedApp>, Params(query): Params<ModelQuery>) -> Result<Response> {
    let limit = page_size(query.limit, None, 100)?;
    page(&app, ModelQuery { limit: Some(limit), ..query }).await
}

/// `GET /v1/models`
///
/// # Errors
/// As [`list`].
#[utoipa::path(get, path = "/v1/models", tag = "models", params(ModelQuery), responses((status = 200, body = Page<Model>)))]
pub async fn list_all(State(app): State<SharedApp>, Params(query): Params<ModelQuery>) -> Result<Response> {
    let limit = page_size(query.limit, Some(ALL), 100)?;
    page(&app, ModelQuery { limit: Some(limit), ..query }).await
}

async fn page(app: &SharedApp, query: ModelQuery) -> Result<Response> {
    let models: Box<RawValue> = app.supabase()?.rpc("list_models", &json!({ "query": query })).await?;
    Ok(answer::public(&models))
}
