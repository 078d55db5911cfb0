//! `/admin/audit-logs`: who did what to whom, newest first.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
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
pub struct AuditQuery {
    /// What was done; with a dot at its end, all that begin so.
    #[param(example = "key.")]
    action: Option<String>,
    /// The account that acted.
    actor_account_id: Option<Uuid>,
    /// The account that it was done to.
    target_account_id: Option<Uuid>,
    /// The key that acted, or that it was done to.
    key_id: Option<Uuid>,
    #[param(schema_with = address)]
    ip: Option<IpAddr>,
    /// The request.
    request_id: Option<String>,
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

/// An entry of the audit trail.
#[derive(ToSchema)]
pub struct AuditLog {
    /// `audit_log`.
    pub object: String,
    /// Grows with time.
    pub id: i64,
    /// What was done, such as `key.create`.
    pub action: String,
    /// The account that acted; null: somebody without a key.
    #[schema(required)]
    pub actor_account_id: Option<Uuid>,
    /// The key that it acted with.
    #[schema(required)]
    pub actor_key_id: Option<Uuid>,
    /// The account that it was done to.
    #[schema(required)]
    pub target_account_id: Option<Uuid>,
    /// What it was done to: a key's id, a role's name.
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
    /// What was before and after, or why something was refused; never a secret.
    #[schema(additional_properties)]
    pub details: serde_json::Map<String, serde_json::Value>,
    /// When.
    pub created_at: Timestamp,
}

/// An address of either family.
fn address() -> Schema {
    let family =
        |format| ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
    let families = OneOfBuilder::new().item(family(KnownFormat::Ipv4)).item(family(KnownFormat::Ipv6));
    families.description(Some("Where it came from.")).into()
}

/// `GET /admin/audit-logs`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/audit-logs", tag = "admin", params(AuditQuery),
    responses((status = 200, body = Page<AuditLog>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<AuditQuery>) -> Result<Response> {
    check_id_cursor(query.cursor.as_deref())?;
    let query = AuditQuery {
        from: moment("from", query.from)?,
        to: moment("to", query.to)?,
        limit: Some(page_size(query.limit, None, 100)?),
        // As callers' addresses are kept.
        ip: query.ip.map(|ip| ip.to_canonical()),
        ..query
    };
    let entries: Box<RawValue> = caller.rpc(&app, "list_audit_logs", json!({ "query": query })).await?;
    Ok(answer::private(&entries))
}
