//! `/v1/chat/sessions/{id}/export`: a whole conversation as a file.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::chats::message::spoken;
use crate::chats::opened::{self, List};
use crate::endpoints::answer::malformed;
use crate::endpoints::input::{Params, named_id};
use crate::error::{Error, Result};
use crate::object::Object;

/// How many messages are read at a time: the whole conversation is never held at once.
const AT_A_TIME: u32 = 500;

/// As what.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Everything, as `{"session": …, "messages": […]}`.
    #[default]
    Json,
    /// What was said, to be read.
    Markdown,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `json` (default) or `markdown`.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// What has been written of an export, and what comes next.
struct Export {
    app: SharedApp,
    caller: Caller,
    target: Uuid,
    format: ExportFormat,
    /// The page that is about to be written; none when everything is.
    page: Option<List>,
    begun: bool,
    title: Box<RawValue>,
}

/// `GET /v1/chat/sessions/{id}/export`: a conversation from its first message to its last, as a file.
///
/// # Errors
/// The refusals of key validation; 404 `chat_session_not_found`. What fails later cuts the file off.
#[utoipa::path(get, path = "/v1/chat/sessions/{id}/export", tag = "chats",
    params(("id" = Uuid, Path, description = "The session."), ExportQuery),
    responses((status = 200, description = "The conversation.", content(
        (Object = "application/json"), (String = "text/markdown"))),
        (status = 404, description = "`chat_session_not_found`")))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<ExportQuery>,
) -> Result<Response> {
    let target = named_id(&id);
    let format = query.format.unwrap_or_default();
    let (title, page) = read(&app, &caller, target, None).await?;
    let export = Export { app, caller, target, format, page: Some(page), begun: false, title };
    let (kind, extension) = match format {
        ExportFormat::Json => ("application/json", "json"),
        ExportFormat::Markdown => ("text/markdown; charset=utf-8", "md"),
    };
    let name = format!("attachment; filename=\"chat-{target}.{extension}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(export, next))).into_response())
}

/// The session without its messages, opened, and a page of them.
async fn read(app: &SharedApp, caller: &Caller, target: Uuid, cursor: Option<String>) -> Result<(Box<RawValue>, List)> {
    let arguments = json!({ "target": target, "query": { "limit": AT_A_TIME, "cursor": cursor } });
    let found: Box<RawValue> = caller.rpc(app, "get_chat_session", arguments).await?;
    let session = opened::entry(app, &found)?;
    let mut session: Object<'_> = serde_json::from_str(session.get()).map_err(|error| malformed(&error))?;
    let page = session.read::<List>("messages").map_err(|error| malformed(&error))?;
    session.remove("messages");
    let page = page.ok_or_else(|| Error::new(crate::error::Code::InternalError))?.opened(app)?;
    Ok((serde_json::value::to_raw_value(&session).map_err(|error| malformed(&error))?, page))
}

async fn next(mut export: Export) -> Result<Option<(String, Export)>, std::io::Error> {
    let Some(page) = export.page.take() else { return Ok(None) };
    let text = match export.format {
        ExportFormat::Json => as_json(&export, &page),
        ExportFormat::Markdown => as_markdown(&export, &page),
    };
    export.begun = true;
    if let Some(cursor) = page.next_cursor {
        let (_, page) = read(&export.app, &export.caller, export.target, Some(cursor))
            .await
            .map_err(|error| std::io::Error::other(error.message.into_owned()))?;
        export.page = Some(page);
    }
    Ok(Some((text, export)))
}

fn as_json(export: &Export, page: &List) -> String {
    let mut text = match export.begun {
        true => String::new(),
        false => format!("{{\"object\":\"chat.export\",\"session\":{},\"messages\":[", export.title.get()),
    };
    for (place, message) in page.data.iter().enumerate() {
        text += if export.begun || place > 0 { ",\n" } else { "\n" };
        text += message.get();
    }
    if page.next_cursor.is_none() {
        text += "\n]}\n";
    }
    text
}

fn as_markdown(export: &Export, page: &List) -> String {
    #[derive(Deserialize)]
    struct Entry {
        created_at: String,
        message: Box<RawValue>,
    }
    #[derive(Deserialize)]
    struct Titled {
        title: Option<String>,
    }
    let title = serde_json::from_str::<Titled>(export.title.get()).ok().and_then(|titled| titled.title);
    let mut text = match export.begun {
        true => String::new(),
        false => format!("# {}\n", title.as_deref().unwrap_or("Chat")),
    };
    for entry in page.data.iter().filter_map(|entry| serde_json::from_str::<Entry>(entry.get()).ok()) {
        let message = serde_json::from_str::<Object<'_>>(entry.message.get()).ok();
        let role = message.and_then(|message| message.read::<String>("role").ok().flatten()).unwrap_or_default();
        text += &format!("\n## {role}, {}\n\n{}\n", entry.created_at, spoken(&entry.message));
    }
    text
}
