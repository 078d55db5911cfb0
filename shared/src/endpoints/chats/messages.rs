//! `/v1/chat/sessions/{id}/messages`: messages that no call has made.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::shown::KeptMessage;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::chats::message::Kept;
use crate::chats::opened;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::error::Result;

/// A message of chat completions: `role`, `content`, and whatever else such a message has.
pub struct NewMessage;

impl PartialSchema for NewMessage {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        ObjectBuilder::new()
            .property(
                "role",
                text()
                    .enum_values(Some(["system", "developer", "user", "assistant", "tool"]))
                    .description(Some("Who says it.")),
            )
            .property(
                "content",
                text().description(Some("What is said; as in chat completions, also an array of parts.")),
            )
            .required("role")
            .required("content")
            .examples([json!({"role": "user", "content": "Where did we leave off?"})])
            .into()
    }
}

impl ToSchema for NewMessage {}

/// `POST /v1/chat/sessions/{id}/messages`: puts a message at the end of a conversation.
///
/// # Errors
/// The refusals of key validation; 400 for what is no message; 404 `chat_session_not_found`; 409 `chat_session_full`,
/// `chat_storage_full`.
#[utoipa::path(post, path = "/v1/chat/sessions/{id}/messages", tag = "chats", params(("id" = Uuid, Path, description = "The session.")),
    request_body = NewMessage,
    responses((status = 200, body = KeptMessage), (status = 404, description = "`chat_session_not_found`"),
              (status = 409, description = "`chat_session_full`, `chat_storage_full`")))]
pub async fn add(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<Box<RawValue>>,
) -> Result<Response> {
    let arguments = json!({ "target": named_id(&id), "request": Kept::new(&app, &input.body)? });
    let kept: Box<RawValue> = caller.rpc(&app, "add_chat_message", arguments).await?;
    Ok(answer::private(&opened::entry(&app, &kept)?))
}
