//! `/admin/roles`: what roles there are, and new ones.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::error::{Error, Result};
use crate::scopes::{self, Scope};

/// Which page of the roles.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RoleQuery {
    /// Roles a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = "^[a-z0-9_-]{2,32}$")]
    cursor: Option<String>,
}

/// A role.
#[derive(ToSchema)]
pub struct Role {
    /// `role`.
    pub object: String,
    /// Its name.
    pub name: String,
    /// What its holders may do, as far as their keys allow it too.
    #[schema(value_type = Vec<Scope>)]
    pub permissions: Vec<String>,
    /// Whether the gateway itself relies on it: then it is neither changed nor deleted.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The role to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "support", "permissions": ["admin:users", "admin:audit"]})))]
pub struct NewRole {
    /// Lower-case letters, digits, `-` and `_`; not `assign`, which is an address of its own.
    #[schema(pattern = "^[a-z0-9_-]{2,32}$")]
    name: String,
    /// What it may do. Nobody can put in more than they may do themselves.
    #[schema(value_type = Vec<Scope>, max_items = 100)]
    permissions: Vec<String>,
}

/// `GET /admin/roles`: every role and what it may do, by name.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/roles", tag = "admin", params(RoleQuery),
    responses((status = 200, body = Page<Role>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<RoleQuery>) -> Result<Response> {
    if query.cursor.as_ref().is_some_and(|cursor| !is_name(cursor)) {
        return Err(Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."));
    }
    let query = RoleQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let roles: Box<RawValue> = caller.rpc(&app, "list_roles", json!({ "query": query })).await?;
    Ok(answer::private(&roles))
}

/// `POST /admin/roles`: makes a role.
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` for a permission that the caller has not; 409
/// `role_exists`; 400 for a name or permission that cannot be.
#[utoipa::path(post, path = "/admin/roles", tag = "admin", request_body = NewRole,
    responses((status = 200, body = Role), (status = 409, description = "`role_exists`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewRole>) -> Result<Response> {
    let NewRole { name, permissions } = input.body;
    if !is_name(&name) || name == "assign" {
        return Err(Error::invalid("name", "`name` is 2 to 32 lower-case letters, digits, - and _; not `assign`."));
    }
    let request = NewRole { name, permissions: scopes::checked("permissions", permissions)? };
    let role: Box<RawValue> = caller.rpc(&app, "create_role", json!({ "request": request })).await?;
    Ok(answer::private(&role))
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (2..=32).contains(&name.len()) && name.bytes().all(plain)
}
