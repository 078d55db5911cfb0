//! `/v1/chat/sessions`: conversations, new ones and all of them.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::shown::{ChatSession, Metadata, check_metadata, check_model, check_title};
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::chats::opened::{self, List};
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::{Code, Error, Result};
use crate::keyring::{self, Sealed};

/// A conversation to be kept.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(examples(json!({"title": "Trip to Oslo", "model": "openai/gpt-4o-mini", "metadata": {"folder": "travel"}})))]
pub struct NewChatSession {
    /// What it is about, up to 200 characters.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    title: Option<String>,
    /// The caller's own notes: up to 16 pairs of texts.
    #[schema(value_type = Option<Metadata>)]
    metadata: Option<BTreeMap<String, String>>,
    /// The model that it is meant for.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    model: Option<String>,
}

/// Which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChatSessionsQuery {
    /// Sessions a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// Seals a value as JSON; nothing stays nothing.
///
/// # Errors
/// `not_configured` without a keyring.
pub(super) fn sealed<T: serde::Serialize>(app: &App, value: Option<&T>) -> Result<Option<Sealed>> {
    let text = value.map(serde_json::to_string).transpose().map_err(|_| Error::new(Code::InternalError))?;
    text.map(|text| keyring::seal(app, &text)).transpose()
}

/// `POST /v1/chat/sessions`: a new conversation, to be named by `session_id` in the calls that belong to it.
///
/// # Errors
/// The refusals of key validation; 400 for what is no title, metadata or model; 409 `too_many_chat_sessions`,
/// `chat_storage_full`.
#[utoipa::path(post, path = "/v1/chat/sessions", tag = "chats", request_body = NewChatSession,
    responses((status = 200, body = ChatSession), (status = 409, description = "`too_many_chat_sessions`, `chat_storage_full`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewChatSession>) -> Result<Response> {
    let NewChatSession { title, metadata, model } = input.body;
    check_title(title.as_deref())?;
    check_metadata(metadata.as_ref())?;
    check_model(model.as_deref())?;
    let request = json!({
        "id": Uuid::now_v7(), "model": model,
        "title": sealed(&app, title.as_ref())?, "metadata": sealed(&app, metadata.as_ref())?,
    });
    let made: Box<RawValue> = caller.rpc(&app, "create_chat_session", json!({ "request": request })).await?;
    Ok(answer::private(&opened::entry(&app, &made)?))
}

/// `GET /v1/chat/sessions`: the account's conversations, by their last message, newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/v1/chat/sessions", tag = "chats", params(ChatSessionsQuery),
    responses((status = 200, body = Page<ChatSession>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ChatSessionsQuery>,
) -> Result<Response> {
    let query = json!({
        "limit": page_size(query.limit, None, 100)?, "cursor": Cursor::read(query.cursor.as_deref())?,
    });
    let list: List = caller.rpc(&app, "list_chat_sessions", json!({ "query": query })).await?;
    list.answered(&app)
}
