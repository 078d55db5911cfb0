//! `/models/developers/{name}`: who made which models.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::models::ModelPage;
use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::endpoints::input::{Params, page_size};
use crate::error::Result;

/// Which page of a developer's models.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeveloperQuery {
    /// Models a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = r"^[^\u0000]*$")]
    cursor: Option<String>,
}

/// `GET /models/developers/{name}`
///
/// # Errors
/// 404 `developer_not_found`; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/models/developers/{name}", tag = "models",
    params(("name" = String, Path, description = "As models say in `owned_by`, such as `openai`.",
            pattern = r"^[^\u0000]*$"), DeveloperQuery),
    responses((status = 200, body = ModelPage), (status = 404, description = "`developer_not_found`")))]
pub async fn list(
    State(app): State<SharedApp>,
    Path(name): Path<String>,
    Params(query): Params<DeveloperQuery>,
) -> Result<Response> {
    let query = json!({ "developer": name, "limit": page_size(query.limit, None, 100)?, "cursor": query.cursor });
    let models: Box<RawValue> = app.supabase()?.rpc("list_developer_models", &json!({ "query": query })).await?;
    Ok(answer::public(&models))
}
