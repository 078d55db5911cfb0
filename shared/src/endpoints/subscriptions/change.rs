//! `/subscription/change`, `/subscription/cancel`, `/subscription/resume`: what becomes of a subscription.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Interval, Subscription};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::private;
use crate::endpoints::input::Input;
use crate::error::Result;
use crate::payments::subscriptions::{Change, change};

/// Which subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct NamedSubscription {
    /// Stripe's id of it; the newest if left out.
    #[schema(pattern = r"^[^\u0000]*$")]
    subscription_id: Option<String>,
}

/// What it becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"plan": "team"})))]
pub struct NewPlan {
    /// Stripe's id of the subscription; the newest if left out.
    #[schema(pattern = r"^[^\u0000]*$")]
    subscription_id: Option<String>,
    /// The plan.
    #[schema(example = "team", pattern = r"^[^\u0000]*$")]
    plan: String,
    /// How long is paid for at once.
    #[serde(default)]
    interval: Interval,
}

/// `POST /subscription/change`: a dearer plan, or a longer interval, is paid in full now, and its period begins now; what was paid
/// before keeps its credit to its own end. A smaller plan, or a shorter interval, begins with the next period, as `next_plan` and
/// `next_interval` say until then. Naming the plan that it is takes that back. Repeating it changes nothing more.
///
/// # Errors
/// The refusals of key validation; 400 for a plan that is not sold; 402 `card_declined`; 404 `subscription_not_found`, for another's,
/// too; 409 for a subscription that has ended or is unpaid; 503 `payment_unavailable`.
#[utoipa::path(post, path = "/subscription/change", tag = "plans", request_body = NewPlan, responses(
        (status = 200, body = Subscription),
        (status = 402, description = "`card_declined`"),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `payments_blocked`"),
        (status = 404, description = "`subscription_not_found`, `plan_not_found`"),
        (status = 409, description = "`subscription_ended`, `subscription_unpaid`"),
        (status = 429, description = "`too_many_attempts`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn become_another(State(app): State<SharedApp>, caller: Caller, input: Input<NewPlan>) -> Result<Response> {
    let NewPlan { subscription_id, plan, interval } = input.body;
    let wanted = Change::Become(&plan, interval.months());
    Ok(private(&change(&app, &caller, subscription_id.as_deref(), wanted).await?))
}

/// `POST /subscription/cancel`: it ends with its period, instead of becoming another plan, if that was to come. Repeating it changes
/// nothing more.
///
/// # Errors
/// The refusals of key validation; 404 `subscription_not_found`, for another's, too; 409 `subscription_ended`; 503
/// `payment_unavailable`.
#[utoipa::path(post, path = "/subscription/cancel", tag = "plans", request_body = NamedSubscription, responses(
        (status = 200, body = Subscription),
        (status = 404, description = "`subscription_not_found`"),
        (status = 409, description = "`subscription_ended`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn cancel(State(app): State<SharedApp>, caller: Caller, input: Input<NamedSubscription>) -> Result<Response> {
    let named = input.body.subscription_id;
    Ok(private(&change(&app, &caller, named.as_deref(), Change::Cancel).await?))
}

/// `POST /subscription/resume`: it goes on as it is after all, neither ended nor changed with its period, as long as it has not ended.
/// Repeating it changes nothing more.
///
/// # Errors
/// As for a cancellation.
#[utoipa::path(post, path = "/subscription/resume", tag = "plans", request_body = NamedSubscription, responses(
        (status = 200, body = Subscription),
        (status = 404, description = "`subscription_not_found`"),
        (status = 409, description = "`subscription_ended`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn resume(State(app): State<SharedApp>, caller: Caller, input: Input<NamedSubscription>) -> Result<Response> {
    let named = input.body.subscription_id;
    Ok(private(&change(&app, &caller, named.as_deref(), Change::Resume).await?))
}
