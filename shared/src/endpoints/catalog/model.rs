//! `/models/{provider}/{model}` and `/v1/models/{id}`: one model with its routes and prices.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::error::Result;

/// `GET /models/{provider}/{model}`: both parts together are the model's id.
///
/// # Errors
/// 404 `model_not_found`.
pub async fn show(State(app): State<SharedApp>, Path((developer, model)): Path<(String, String)>) -> Result<Response> {
    find(&app, &format!("{developer}/{model}")).await
}

/// `GET /v1/models/{id}`: the id may hold slashes, raw or encoded.
///
/// # Errors
/// 404 `model_not_found`.
pub async fn show_by_id(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response> {
    find(&app, &id).await
}

async fn find(app: &SharedApp, id: &str) -> Result<Response> {
    let model: Box<RawValue> = app.supabase()?.rpc("get_model", &json!({ "model_id": id })).await?;
    Ok(answer::public(&model))
}
