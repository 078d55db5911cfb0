//! `/api/stripe/payment-intent`: a payment for a page of one's own, with Stripe's Elements.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::history::Payment;
use super::{check_coupon, wanted};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::Result;
use crate::money::Nanos;
use crate::payments::begin::{SavesCard, Way, begin};
use crate::payments::confirm::confirm;

/// What is bought: an amount or a package.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"package": "basic"})))]
pub struct NewPaymentIntent {
    /// So many dollars of credit, in whole cents.
    #[schema(minimum = 5, maximum = 1000)]
    amount: Option<Nanos>,
    /// One of the packages, in place of the amount.
    package: Option<String>,
    /// Leaves the card with the account, so that auto top-up can charge it once that is turned on (`PUT /user/auto-topup`).
    #[serde(default)]
    save_card: bool,
    /// The code of a coupon that gives a bonus on purchases.
    #[schema(pattern = "^ *[A-Za-z0-9_-]{1,40} *$")]
    coupon: Option<String>,
}

/// A payment that a page of one's own makes.
#[derive(Serialize, ToSchema)]
pub struct PaymentIntent {
    /// `payment_intent`.
    pub object: &'static str,
    /// Stripe's id of it.
    pub id: String,
    /// What Stripe's Elements are given; null once the payment has begun or is over.
    #[schema(required)]
    pub client_secret: Option<String>,
    /// How the payment stands.
    #[schema(value_type = Payment)]
    pub payment: Box<RawValue>,
}

fn answer(intent: &PaymentIntent) -> Result<Response> {
    Ok(private(&to_raw_value(intent).map_err(|error| malformed(&error))?))
}

/// `POST /api/stripe/payment-intent`, with `Idempotency-Key` safe to repeat.
///
/// # Errors
/// As for a Checkout session; 409 `tax_needs_checkout` where tax comes on top of what is sold.
#[utoipa::path(post, path = "/api/stripe/payment-intent", tag = "money", request_body = NewPaymentIntent,
    params(IdempotencyKey), responses(
        (status = 200, body = PaymentIntent),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `payments_blocked`"),
        (status = 404, description = "`coupon_not_found`"),
        (status = 409, description = "`idempotency_conflict`, `coupon_expired`, `coupon_used_up`, `coupon_already_redeemed`, `coupon_not_applicable`, `tax_needs_checkout`"),
        (status = 429, description = "`too_many_attempts`, `payment_limit_reached`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewPaymentIntent>) -> Result<Response> {
    let Input { body, idempotency } = input;
    check_coupon(body.coupon.as_deref())?;
    let saves_card = SavesCard(body.save_card);
    let wanted = wanted(body.package, body.amount)?;
    let begun = begin(&app, &caller, wanted, Way::Intent, saves_card, body.coupon, idempotency).await?;
    answer(&PaymentIntent {
        object: "payment_intent",
        id: begun.id,
        client_secret: begun.access,
        payment: begun.payment,
    })
}

/// `GET /api/stripe/payment-intent/{intent}`: asks Stripe, and credits what is paid.
///
/// # Errors
/// The refusals of key validation; 404 `payment_not_found`, for another's, too; 503 `payment_unavailable`.
#[utoipa::path(get, path = "/api/stripe/payment-intent/{intent}", tag = "money",
    params(("intent" = String, Path, description = "Stripe's id of the payment intent, or ours of the payment.")), responses(
        (status = 200, body = PaymentIntent),
        (status = 404, description = "`payment_not_found`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let payment = confirm(&app, &caller, "intent", &id).await?;
    answer(&PaymentIntent { object: "payment_intent", id, client_secret: None, payment })
}
