//! `/admin/roles/{name}`: changes a role, or deletes it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::roles::Role;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::Result;
use crate::scopes::{self, Scope};

/// What the role may do from now on.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"permissions": ["admin:users"]})))]
pub struct RoleChange {
    /// In place of what it may do now. Nobody can put in, or take out, more than they may do themselves.
    #[schema(value_type = Vec<Scope>, max_items = 100)]
    permissions: Vec<String>,
}

/// What was deleted.
#[derive(ToSchema)]
pub struct DeletedRole {
    /// `role`.
    pub object: String,
    /// Its name.
    pub name: String,
    /// `true`.
    pub deleted: bool,
}

/// `PUT /admin/roles/{name}`: changes what a role may do. It holds on the next request of everyone who has the role.
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` for a role or a permission beyond the caller's own;
/// 404 `role_not_found`; 409 `role_protected`.
#[utoipa::path(put, path = "/admin/roles/{name}", tag = "admin", request_body = RoleChange,
    params(("name" = String, Path, description = "The role.")),
    responses(
        (status = 200, body = Role),
        (status = 404, description = "`role_not_found`"),
        (status = 409, description = "`role_protected`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    input: Input<RoleChange>,
) -> Result<Response> {
    let request = RoleChange { permissions: scopes::checked("permissions", input.body.permissions)? };
    let role: Box<RawValue> = caller.rpc(&app, "change_role", json!({ "name": name, "request": request })).await?;
    Ok(answer::private(&role))
}

/// `DELETE /admin/roles/{name}`: deletes a role that nobody has.
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` for a role beyond the caller's own; 404
/// `role_not_found`; 409 `role_protected`, `role_in_use`.
#[utoipa::path(delete, path = "/admin/roles/{name}", tag = "admin",
    params(("name" = String, Path, description = "The role.")),
    responses(
        (status = 200, body = DeletedRole),
        (status = 404, description = "`role_not_found`"),
        (status = 409, description = "`role_protected`, `role_in_use`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(name): Path<String>) -> Result<Response> {
    let deleted: Box<RawValue> = caller.rpc(&app, "delete_role", json!({ "name": name })).await?;
    Ok(answer::private(&deleted))
}
