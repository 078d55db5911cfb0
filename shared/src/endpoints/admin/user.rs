//! `/admin/users/{id}`: one account, its name, and whether it is disabled.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::limit::AccountRateLimits;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::account::balance::Trial;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, Name, check_name, named_id};
use crate::endpoints::members::given;
use crate::error::Result;
use crate::money::Nanos;

/// How an account stands.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It can be used.
    Active,
    /// An administrator has disabled it: its keys are refused.
    Disabled,
    /// Its person has left.
    Deleted,
}

/// An account as administrators see it.
#[derive(ToSchema)]
pub struct User {
    /// `account`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Its e-mail address, if it has one.
    #[schema(required)]
    pub email: Option<String>,
    /// Its name.
    #[schema(required)]
    pub username: Option<String>,
    /// Its role.
    pub role: String,
    /// How it stands.
    pub status: AccountStatus,
    /// Since when it is disabled.
    #[schema(required)]
    pub disabled_at: Option<Timestamp>,
    /// When its person left.
    #[schema(required)]
    pub deleted_at: Option<Timestamp>,
    /// The plan that it was given.
    #[schema(required)]
    pub plan: Option<String>,
    /// When that ends; null: open end.
    #[schema(required)]
    pub plan_ends_at: Option<Timestamp>,
    /// The plan whose limits are in force.
    pub plan_in_force: String,
    /// Everything it has, less its debt.
    pub balance: Nanos,
    /// Reserved by calls that are still running.
    pub held: Nanos,
    /// What it owes.
    pub debt: Nanos,
    /// Its trial, if it ever had one.
    #[schema(required)]
    pub trial: Option<Trial>,
    /// Its own limits in place of its plan's.
    pub rate_limits: AccountRateLimits,
    /// What it used this month.
    pub month: MonthUsage,
    /// Keys that are neither revoked nor expired.
    pub keys: i64,
    /// When a key of it last made a call.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What was used in the present month, in UTC.
#[derive(ToSchema)]
pub struct MonthUsage {
    /// Calls.
    pub requests: i64,
    /// Tokens of prompts and answers.
    pub tokens: i64,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"username": "Ann", "disabled": false})))]
pub struct UserChange {
    /// Its name; null takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Name>)]
    username: Option<Option<String>>,
    /// Whether its keys are refused.
    disabled: Option<bool>,
}

/// `GET /admin/users/{id}`: one account, what it is and has.
///
/// # Errors
/// The refusals of key validation; 404 `account_not_found`.
#[utoipa::path(get, path = "/admin/users/{id}", tag = "admin",
    params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 200, body = User), (status = 404, description = "`account_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let user: Box<RawValue> = caller.rpc(&app, "get_user", json!({ "account_id": named_id(&id) })).await?;
    Ok(answer::private(&user))
}

/// `PATCH /admin/users/{id}`: names an account, disables or enables it. A disabled account's keys are refused from the
/// next request on.
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` to disable or enable an account whose role is beyond
/// the caller's own; 404 `account_not_found`; 409 `last_admin`, `account_deleted`.
#[utoipa::path(patch, path = "/admin/users/{id}", tag = "admin", request_body = UserChange,
    params(("id" = Uuid, Path, description = "The account.")),
    responses(
        (status = 200, body = User),
        (status = 404, description = "`account_not_found`"),
        (status = 409, description = "`last_admin`, `account_deleted`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<UserChange>,
) -> Result<Response> {
    let request = input.body;
    check_name("username", request.username.as_ref().and_then(|name| name.as_deref()))?;
    let arguments = json!({ "account_id": named_id(&id), "request": request });
    let user: Box<RawValue> = caller.rpc(&app, "change_user", arguments).await?;
    Ok(answer::private(&user))
}
