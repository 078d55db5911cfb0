//! `/user/activity/export`: requests one by one, as a file for spreadsheets.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::csv;
use crate::endpoints::input::Params;
use crate::endpoints::window::{Cursor, moment};
use crate::error::Result;

/// How many requests are read at a time: a file is never held as a whole.
const AT_A_TIME: u32 = 1000;

/// The most pages of a file.
const MOST: usize = 50;

const COLUMNS: [&str; 22] = [
    "finished_at",
    "created_at",
    "call_id",
    "request_id",
    "key_id",
    "model",
    "provider",
    "outcome",
    "error_code",
    "stream",
    "prompt_tokens",
    "cached_tokens",
    "written_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "estimated",
    "own_key",
    "cost",
    "duration_ms",
    "app",
    "user",
    "tags",
];

/// Which requests.
#[derive(Clone, Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// Those of this key.
    key_id: Option<Uuid>,
    /// Those that ended at this moment or later.
    from: Option<Timestamp>,
    /// Those that ended before this moment.
    to: Option<Timestamp>,
}

/// A page of the account's list.
#[derive(Deserialize)]
struct Read {
    data: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// What comes next of a file.
struct Export {
    app: SharedApp,
    caller: Caller,
    query: ExportQuery,
    page: Option<Read>,
    pages: usize,
}

/// `GET /user/activity/export`: a line for each request, newest first, at most 50 000. For earlier ones ask again with the last
/// line's `finished_at` as `to`.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known. What fails later cuts the file off.
#[utoipa::path(get, path = "/user/activity/export", tag = "usage", params(ExportQuery),
    responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ExportQuery>,
) -> Result<Response> {
    let query = ExportQuery { key_id: query.key_id, from: moment("from", query.from)?, to: moment("to", query.to)? };
    let page = read(&app, &caller, &query, None).await?;
    let export = Export { app, caller, query, page: Some(page), pages: 0 };
    let headers = [
        (header::CONTENT_TYPE, csv::TYPE),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"activity.csv\""),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(export, next))).into_response())
}

async fn read(app: &SharedApp, caller: &Caller, query: &ExportQuery, cursor: Option<&str>) -> Result<Read> {
    let mut query = json!(query);
    query["limit"] = json!(AT_A_TIME);
    query["cursor"] = json!(Cursor::read(cursor)?);
    caller.rpc(app, "list_activity", json!({ "query": query })).await
}

async fn next(mut export: Export) -> Result<Option<(Vec<u8>, Export)>, std::io::Error> {
    let failed = |error: crate::error::Error| std::io::Error::other(error.message.into_owned());
    let Some(page) = export.page.take() else { return Ok(None) };
    let lines = csv::lines(&COLUMNS, &page.data, export.pages == 0).map_err(failed)?;
    export.pages += 1;
    if let Some(cursor) = page.next_cursor.filter(|_| export.pages < MOST) {
        let page = read(&export.app, &export.caller, &export.query, Some(&cursor)).await.map_err(failed)?;
        export.page = Some(page);
    }
    Ok(Some((lines, export)))
}
