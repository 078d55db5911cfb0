//! `/admin/roles/assign`: gives an account another role.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check_account;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::Result;

/// Who gets which role. The account is named by id or by e-mail.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "role": "developer"})))]
pub struct RoleAssignment {
    /// The account's id.
    account_id: Option<Uuid>,
    /// Its address, in place of the id.
    email: Option<String>,
    /// `user`, `developer`, `admin`, or a role that was made.
    role: String,
}

/// The role that the account has now.
#[derive(ToSchema)]
pub struct AssignedRole {
    /// `role_assignment`.
    pub object: String,
    /// The account.
    pub account_id: Uuid,
    /// Its role.
    pub role: String,
    /// The role it had before.
    pub former_role: String,
}

/// `POST /admin/roles/assign`: holds on the account's next request.
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` when either the new role or the account's present one
/// is beyond the caller's own; 404 `account_not_found`, `role_not_found`; 409 `last_admin`, `account_deleted`.
#[utoipa::path(post, path = "/admin/roles/assign", tag = "admin", request_body = RoleAssignment, responses(
    (status = 200, body = AssignedRole),
    (status = 404, description = "`account_not_found`, `role_not_found`"),
    (status = 409, description = "`last_admin`, `account_deleted`")))]
pub async fn assign(State(app): State<SharedApp>, caller: Caller, input: Input<RoleAssignment>) -> Result<Response> {
    let request = input.body;
    check_account(request.account_id, request.email.as_deref())?;
    let assigned: Box<RawValue> = caller.rpc(&app, "assign_role", json!({ "request": request })).await?;
    Ok(answer::private(&assigned))
}
