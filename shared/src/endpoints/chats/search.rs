//! `/v1/chat/search`: messages by their words.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shown::KeptMessage;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::chats::opened::List;
use crate::chats::terms::{terms, words};
use crate::endpoints::answer::Page;
use crate::endpoints::input::{Input, check_id_cursor, page_size};
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::keyring;

/// The longest question, in characters.
const LONGEST: usize = 500;

/// What is looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"query": "oslo museum", "limit": 20})))]
pub struct ChatSearch {
    /// Whole words, in any case and order, all of which a message must hold.
    #[schema(max_length = 500)]
    query: String,
    /// Only in this session.
    session_id: Option<Uuid>,
    /// Messages a page.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Integer>,
    /// The `next_cursor` of the page before.
    #[schema(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// `POST /v1/chat/search`: messages that hold all these words, newest first; none if there are no words.
///
/// # Errors
/// The refusals of key validation; 400 for a query that is too long, a limit or cursor that is none.
#[utoipa::path(post, path = "/v1/chat/search", tag = "chats", request_body = ChatSearch,
    responses((status = 200, body = Page<KeptMessage>)))]
pub async fn find(State(app): State<SharedApp>, caller: Caller, input: Input<ChatSearch>) -> Result<Response> {
    let ChatSearch { query, session_id, limit, cursor } = input.body;
    let words = words(&query);
    if query.chars().count() > LONGEST {
        return Err(Error::invalid("query", format!("`query` has at most {LONGEST} characters.")));
    }
    check_id_cursor(cursor.as_deref())?;
    let rings: Vec<Vec<i64>> = keyring::keys(&app)?.iter().map(|key| terms(&words, key)).collect();
    let query = json!({
        "terms": rings, "session_id": session_id, "limit": page_size(limit.map(|limit| u32::try_from(limit.0).unwrap_or(0)), None, 100)?, "cursor": cursor,
    });
    let found: List = caller.rpc(&app, "search_chats", json!({ "query": query })).await?;
    found.answered(&app)
}
