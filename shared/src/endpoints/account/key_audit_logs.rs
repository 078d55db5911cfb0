//! `/user/api-keys/audit-logs`: what happened to the account's keys and sign-ins, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, check_id_cursor, page_size};
use crate::endpoints::window::moment;
use crate::error::Result;

/// Which entries, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KeyAuditQuery {
    /// What was done; with a dot at its end, all that begin so.
    #[param(example = "key.")]
    action: Option<String>,
    /// The key that acted, or that it was done to.
    key_id: Option<Uuid>,
    /// From this moment on.
    from: Option<Timestamp>,
    /// Before this moment.
    to: Option<Timestamp>,
    /// Entries a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// What happened to a key, to a provider's key, or at a sign-in.
#[derive(ToSchema)]
pub struct KeyAuditLog {
    /// `audit_log`.
    pub object: String,
    /// Grows with time.
    pub id: i64,
    /// What was done, such as `key.create`.
    pub action: String,
    /// Who did it.
    pub actor: KeyActor,
    /// The key that it was done with.
    #[schema(required)]
    pub actor_key_id: Option<Uuid>,
    /// What it was done to, such as a key's id.
    #[schema(required)]
    pub target_id: Option<String>,
    /// Where it came from.
    #[schema(required)]
    pub ip: Option<String>,
    /// What it was done with.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// The request.
    #[schema(required)]
    pub request_id: Option<String>,
    /// What was before and after, or why something was refused.
    #[schema(additional_properties)]
    pub details: serde_json::Map<String, serde_json::Value>,
    /// When.
    pub created_at: Timestamp,
}

/// Who did it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum KeyActor {
    /// The account itself.
    Account,
    /// An administrator, of whom nothing else is told.
    Administrator,
    /// Somebody without a key, such as whoever fails to sign in.
    Visitor,
}

/// `GET /user/api-keys/audit-logs`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/api-keys/audit-logs", tag = "account", params(KeyAuditQuery),
    responses((status = 200, body = Page<KeyAuditLog>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<KeyAuditQuery>,
) -> Result<Response> {
    check_id_cursor(query.cursor.as_deref())?;
    let query = KeyAuditQuery {
        from: moment("from", query.from)?,
        to: moment("to", query.to)?,
        limit: Some(page_size(query.limit, None, 100)?),
        ..query
    };
    let entries: Box<RawValue> = caller.rpc(&app, "list_key_audit_logs", json!({ "query": query })).await?;
    Ok(answer::private(&entries))
}
