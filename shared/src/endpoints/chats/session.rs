//! `/v1/chat/sessions/{id}`: one conversation with its messages, its title, and its end.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sessions::sealed;
use super::shown::{ChatSession, ChatSessionWithMessages, Metadata, check_metadata, check_model, check_title};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::chats::opened::{self, List};
use crate::endpoints::answer::{self, malformed};
use crate::endpoints::input::{Input, Params, check_id_cursor, named_id, page_size};
use crate::endpoints::members::given;
use crate::error::Result;
use crate::object::Object;

/// Which page of its messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChatMessagesQuery {
    /// Messages a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// What changes of a conversation; null clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(examples(json!({"title": "Trip to Bergen"})))]
pub struct ChatSessionChange {
    /// What it is about, up to 200 characters.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    title: Option<Option<String>>,
    /// The caller's own notes: up to 16 pairs of texts, in place of those before.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Metadata>)]
    metadata: Option<Option<BTreeMap<String, String>>>,
    /// The model that it is meant for.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    model: Option<Option<String>>,
}

/// That a conversation is gone.
#[derive(ToSchema)]
pub struct DeletedChatSession {
    /// `chat.session`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// True.
    pub deleted: bool,
}

/// `GET /v1/chat/sessions/{id}`: a conversation and a page of its messages, oldest first.
///
/// # Errors
/// The refusals of key validation; 404 `chat_session_not_found`.
#[utoipa::path(get, path = "/v1/chat/sessions/{id}", tag = "chats", params(("id" = Uuid, Path, description = "The session."), ChatMessagesQuery),
    responses((status = 200, body = ChatSessionWithMessages), (status = 404, description = "`chat_session_not_found`")))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<ChatMessagesQuery>,
) -> Result<Response> {
    check_id_cursor(query.cursor.as_deref())?;
    let query = json!({ "limit": page_size(query.limit, None, 100)?, "cursor": query.cursor });
    let arguments = json!({ "target": named_id(&id), "query": query });
    let found: Box<RawValue> = caller.rpc(&app, "get_chat_session", arguments).await?;
    let session = opened::entry(&app, &found)?;
    let mut session: Object<'_> = serde_json::from_str(session.get()).map_err(|error| malformed(&error))?;
    if let Some(messages) = session.read::<List>("messages").map_err(|error| malformed(&error))? {
        session.set("messages", &messages.opened(&app)?).map_err(|error| malformed(&error))?;
    }
    Ok(answer::private(&serde_json::value::to_raw_value(&session).map_err(|error| malformed(&error))?))
}

/// `PATCH /v1/chat/sessions/{id}`: another title, other metadata, another model.
///
/// # Errors
/// The refusals of key validation; 400 for what is no title, metadata or model; 404 `chat_session_not_found`; 409
/// `chat_storage_full`.
#[utoipa::path(patch, path = "/v1/chat/sessions/{id}", tag = "chats", params(("id" = Uuid, Path, description = "The session.")),
    request_body = ChatSessionChange,
    responses((status = 200, body = ChatSession), (status = 404, description = "`chat_session_not_found`"),
              (status = 409, description = "`chat_storage_full`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<ChatSessionChange>,
) -> Result<Response> {
    let ChatSessionChange { title, metadata, model } = input.body;
    let mut request = Map::new();
    if let Some(title) = title {
        check_title(title.as_deref())?;
        request.insert("title".to_owned(), json!(sealed(&app, title.as_ref())?));
    }
    if let Some(metadata) = metadata {
        check_metadata(metadata.as_ref())?;
        request.insert("metadata".to_owned(), json!(sealed(&app, metadata.as_ref())?));
    }
    if let Some(model) = model {
        check_model(model.as_deref())?;
        request.insert("model".to_owned(), json!(model));
    }
    let arguments = json!({ "target": named_id(&id), "request": Value::Object(request) });
    let changed: Box<RawValue> = caller.rpc(&app, "update_chat_session", arguments).await?;
    Ok(answer::private(&opened::entry(&app, &changed)?))
}

/// `DELETE /v1/chat/sessions/{id}`: deletes a conversation and all its messages, at once and for good.
///
/// # Errors
/// The refusals of key validation; 404 `chat_session_not_found`.
#[utoipa::path(delete, path = "/v1/chat/sessions/{id}", tag = "chats", params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 200, body = DeletedChatSession), (status = 404, description = "`chat_session_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let gone: Box<RawValue> = caller.rpc(&app, "delete_chat_session", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&gone))
}
