//! `/subscription/checkout`: a page of Stripe's at which a plan is bought.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use utoipa::ToSchema;

use super::Interval;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::endpoints::payments::check_coupon;
use crate::endpoints::payments::checkout_session::return_to;
use crate::error::Result;
use crate::payments::subscriptions::begin;

/// Which plan is bought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"plan": "dev", "interval": "month"})))]
pub struct NewSubscription {
    /// One of the plans that are sold.
    #[schema(example = "dev", pattern = r"^[^\u0000]*$")]
    plan: String,
    /// How long is paid for at once.
    #[serde(default)]
    interval: Interval,
    /// The code of a coupon that makes plans cheaper. The credit is the whole plan's.
    #[schema(pattern = "^ *[A-Za-z0-9_-]{1,40} *$")]
    coupon: Option<String>,
    /// Where the buyer comes back to once it is paid.
    #[schema(pattern = "^https?://", max_length = 2000)]
    success_url: Option<String>,
    /// Where the buyer comes back to without paying.
    #[schema(pattern = "^https?://", max_length = 2000)]
    cancel_url: Option<String>,
}

/// A page at which a plan is bought.
#[derive(Serialize, ToSchema)]
pub struct SubscriptionCheckout {
    /// `subscription_checkout`.
    pub object: &'static str,
    /// Stripe's id of it.
    pub id: String,
    /// Where the buyer goes; null once it is over.
    #[schema(required)]
    pub url: Option<String>,
}

/// `POST /subscription/checkout`: sends the buyer to Stripe. With `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 404 `plan_not_found`, `coupon_not_found`; 409 `subscription_exists`; 403 `payments_blocked`; 429
/// `too_many_attempts`; 503 `payment_unavailable`.
#[utoipa::path(post, path = "/subscription/checkout", tag = "plans", request_body = NewSubscription,
    params(IdempotencyKey), responses(
        (status = 200, body = SubscriptionCheckout),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `payments_blocked`"),
        (status = 404, description = "`plan_not_found`, `coupon_not_found`"),
        (status = 409, description = "`subscription_exists`, `idempotency_conflict`, `coupon_expired`, `coupon_used_up`, `coupon_already_redeemed`, `coupon_not_applicable`"),
        (status = 429, description = "`too_many_attempts`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewSubscription>) -> Result<Response> {
    let Input { body, idempotency } = input;
    check_coupon(body.coupon.as_deref())?;
    let usual = |outcome: &str| format!("{}/?subscription={outcome}", app.config.frontend_url);
    let paid = return_to("success_url", body.success_url, usual("paid"))?;
    let left = return_to("cancel_url", body.cancel_url, usual("canceled"))?;
    let page =
        begin(&app, &caller, &body.plan, body.interval.months(), body.coupon.as_deref(), (&paid, &left), idempotency);
    let page = page.await?;
    let answer = SubscriptionCheckout { object: "subscription_checkout", id: page.id, url: page.url };
    Ok(private(&to_raw_value(&answer).map_err(|error| malformed(&error))?))
}
