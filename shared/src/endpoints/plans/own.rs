//! `/user/plan`: which plan an account has, what it allows, and what is used of it.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Plan, PlanLimits};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::account::limits::MonthlyQuota;
use crate::endpoints::answer;
use crate::endpoints::subscriptions::Subscription;
use crate::error::Result;
use crate::money::Nanos;

/// Why a plan is in force.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// An administrator gave it.
    Administrator,
    /// It is subscribed to.
    Subscription,
    /// The trial is running.
    Trial,
    /// Credit was bought.
    Purchase,
    /// Nothing of these.
    None,
}

/// The plan of an account.
#[derive(ToSchema)]
pub struct AccountPlan {
    /// `account_plan`.
    pub object: String,
    /// The plan in force.
    pub plan: Plan,
    /// Why.
    pub source: PlanSource,
    /// When it ends, if nothing is paid until then; null: open end.
    #[schema(required)]
    pub ends_at: Option<Timestamp>,
    /// The newest subscription, also one that has ended.
    #[schema(required)]
    pub subscription: Option<Subscription>,
    /// Credit that is paid for and comes later.
    #[schema(required)]
    pub next_credits: Option<NextCredits>,
}

/// Credit of a plan that comes later.
#[derive(ToSchema)]
pub struct NextCredits {
    /// How much.
    pub amount: Nanos,
    /// When.
    pub at: Timestamp,
}

/// What is used of a plan.
#[derive(ToSchema)]
pub struct PlanUsage {
    /// `plan_usage`.
    pub object: String,
    /// The plan in force.
    pub plan: String,
    /// This month's requests, in UTC.
    pub requests: MonthlyQuota,
    /// This month's tokens.
    pub tokens: MonthlyQuota,
    /// When both start anew.
    pub resets_at: Timestamp,
    /// The credit that has come with the plan and has not lapsed.
    pub credits: PlanCredits,
}

/// Credit that has come with a plan.
#[derive(ToSchema)]
pub struct PlanCredits {
    /// What came.
    pub granted: Nanos,
    /// What of it is used.
    pub used: Nanos,
    /// What is left.
    pub remaining: Nanos,
    /// When the first of it lapses.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

/// What an account may do.
#[derive(ToSchema)]
pub struct PlanEntitlements {
    /// `plan_entitlements`.
    pub object: String,
    /// The plan in force.
    pub plan: String,
    /// The credit that comes with each month of it.
    pub credits_per_month: Nanos,
    /// The limits in force: the plan's, or what an operator has set in their place.
    pub limits: PlanLimits,
    /// What the account's role permits.
    pub permissions: Vec<String>,
}

/// `GET /user/plan`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/plan", tag = "plans", responses((status = 200, body = AccountPlan)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let plan: Box<RawValue> = caller.rpc(&app, "get_account_plan", json!({})).await?;
    Ok(answer::private(&plan))
}

/// `GET /user/plan/usage`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/plan/usage", tag = "plans", responses((status = 200, body = PlanUsage)))]
pub async fn usage(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let usage: Box<RawValue> = caller.rpc(&app, "get_plan_usage", json!({})).await?;
    Ok(answer::private(&usage))
}

/// `GET /user/plan/entitlements`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/plan/entitlements", tag = "plans", responses((status = 200, body = PlanEntitlements)))]
pub async fn entitlements(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let entitlements: Box<RawValue> = caller.rpc(&app, "get_plan_entitlements", json!({})).await?;
    Ok(answer::private(&entitlements))
}
