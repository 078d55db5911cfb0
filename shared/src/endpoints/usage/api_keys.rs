//! `/user/api-keys/usage`: what each key used.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::UsageSums;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText, moment};
use crate::error::Result;

/// The window, and which page of the keys. The window is made of whole hours in UTC and spans 366 days at most: the
/// answer says which it was.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KeyUsageQuery {
    /// From the hour that holds this moment on, but not more than 366 days before `to`; this month's first unless given.
    from: Option<Timestamp>,
    /// Up to the end of the hour before this moment, or that holds it; now unless given.
    to: Option<Timestamp>,
    /// Keys a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// A page of the account's keys, the newest first, those without usage and revoked ones included.
#[derive(ToSchema)]
pub struct KeyUsagePage {
    /// `list`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// The entries of this page.
    pub data: Vec<KeyUsage>,
    /// Whether there are more.
    pub has_more: bool,
    /// The `cursor` of the next page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A key and what it used.
#[derive(ToSchema)]
pub struct KeyUsage {
    /// `api_key_usage`.
    pub object: String,
    /// The key's id.
    pub key_id: Uuid,
    /// Its name.
    pub name: String,
    /// `live`, `test`, `staging` or `development`.
    pub environment: String,
    /// How it begins.
    pub prefix: String,
    /// How it ends.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    #[schema(required)]
    pub revoked_at: Option<Timestamp>,
    /// When it last began a request.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    /// What it used in the window.
    pub usage: UsageSums,
}

/// `GET /user/api-keys/usage`: of this month, unless asked otherwise.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/api-keys/usage", tag = "usage", params(KeyUsageQuery),
    responses((status = 200, body = KeyUsagePage)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<KeyUsageQuery>,
) -> Result<Response> {
    let query = json!({
        "from": moment("from", query.from)?,
        "to": moment("to", query.to)?,
        "limit": page_size(query.limit, None, 100)?,
        "cursor": Cursor::read(query.cursor.as_deref())?,
    });
    let keys: Box<RawValue> = caller.rpc(&app, "list_key_usage", json!({ "query": query })).await?;
    Ok(answer::private(&keys))
}
