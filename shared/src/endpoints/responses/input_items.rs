//! `/v1/responses/{id}/input_items`: what a stored response was asked.

use axum::extract::{Path, State};
use axum::response::Response;
use http::Uri;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::query::ItemsQuery;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::formats::responses::id_of;
use crate::formats::responses::stored::input_items;
use crate::stored::opened::{self, Stored, unreadable};

/// A page of items.
#[derive(ToSchema)]
pub struct ResponseItems {
    /// `list`.
    pub object: String,
    /// The items, each with its `type` and its `id`.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<serde_json::Value>,
    /// The id of the first of them.
    #[schema(required)]
    pub first_id: Option<String>,
    /// The id of the last of them, behind which the next page begins.
    #[schema(required)]
    pub last_id: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// `GET /v1/responses/{id}/input_items`: the items of the input that came with a stored response, newest first. What was said before
/// it is with the responses before.
///
/// # Errors
/// The refusals of key validation; 400 for what is no page; 404 `response_not_found`.
#[utoipa::path(get, path = "/v1/responses/{id}/input_items", tag = "responses",
    params(("id" = String, Path, format = "response-id", pattern = "^resp_[0-9a-f]{32}$", description = "The response."), ItemsQuery),
    responses((status = 200, body = ResponseItems), (status = 404, description = "`response_not_found`")))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Result<Response> {
    let query = ItemsQuery::read(&uri)?;
    let stored: Stored = caller.rpc(&app, "get_response", json!({ "target": id_of(&id) })).await?;
    let said = opened::said(&app, &stored.input, &stored.output)?;
    let include = query.include.clone().unwrap_or_default();
    let items = input_items(stored.id, &said, &include).map_err(|error| unreadable(&error))?;
    let (page, has_more) = query.page(items)?;
    let (ids, data): (Vec<String>, Vec<Box<RawValue>>) = page.into_iter().unzip();
    let list =
        json!({ "object": "list", "data": data, "first_id": ids.first(), "last_id": ids.last(), "has_more": has_more });
    Ok(answer::private(&to_raw_value(&list).map_err(|error| unreadable(&error))?))
}
