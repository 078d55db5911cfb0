//! `/admin/assign-plan`: gives an account a plan, or takes it away.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
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
use crate::error::{Error, Result};

/// Who gets which plan. The account is named by id or by e-mail.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "plan": "team"})))]
pub struct PlanAssignment {
    /// The account's id.
    account_id: Option<Uuid>,
    /// Its address, in place of the id.
    email: Option<String>,
    /// The plan; null takes it away.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, example = "team")]
    plan: Option<String>,
    /// When it ends, in the future; open end if left out.
    ends_at: Option<Timestamp>,
}

/// The plan that the account has now.
#[derive(ToSchema)]
pub struct AssignedPlan {
    /// `plan_assignment`.
    pub object: String,
    /// The account.
    pub account_id: Uuid,
    /// The plan that it was given.
    #[schema(required)]
    pub plan: Option<String>,
    /// When that ends; null: open end.
    #[schema(required)]
    pub ends_at: Option<Timestamp>,
    /// The plan whose limits are in force.
    pub plan_in_force: String,
}

/// `POST /admin/assign-plan`: holds on the account's next call. It moves no money.
///
/// # Errors
/// The refusals of key validation; 404 `account_not_found`, `plan_not_found`; 409 `account_deleted`; 400 for an end
/// that is past, or that no plan has.
#[utoipa::path(post, path = "/admin/assign-plan", tag = "admin", request_body = PlanAssignment, responses(
    (status = 200, body = AssignedPlan),
    (status = 404, description = "`account_not_found`, `plan_not_found`"),
    (status = 409, description = "`account_deleted`")))]
pub async fn assign(State(app): State<SharedApp>, caller: Caller, input: Input<PlanAssignment>) -> Result<Response> {
    let request = input.body;
    check_account(request.account_id, request.email.as_deref())?;
    if let Some(ends_at) = request.ends_at
        && (request.plan.is_none() || ends_at <= Timestamp::now())
    {
        return Err(Error::invalid("ends_at", "`ends_at` is in the future, and goes with a plan."));
    }
    let assigned: Box<RawValue> = caller.rpc(&app, "assign_plan", json!({ "request": request })).await?;
    Ok(answer::private(&assigned))
}
