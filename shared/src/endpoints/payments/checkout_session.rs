//! `/api/stripe/checkout-session`: a page of Stripe's at which credit is paid.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::history::Payment;
use super::{check_coupon, wanted};
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::{Error, Result};
use crate::money::Nanos;
use crate::payments::begin::{SavesCard, Way, begin};
use crate::payments::confirm::confirm;

/// The longest address to come back to, in bytes.
const LONGEST_URL: usize = 2000;

/// What is bought: an amount or a package.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"amount": 25})))]
pub struct NewCheckoutSession {
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
    /// Where the buyer comes back to once it is paid; `{CHECKOUT_SESSION_ID}` in it becomes the session's id.
    #[schema(pattern = "^https?://", max_length = 2000)]
    success_url: Option<String>,
    /// Where the buyer comes back to without paying.
    #[schema(pattern = "^https?://", max_length = 2000)]
    cancel_url: Option<String>,
}

/// A page at which a payment is made.
#[derive(Serialize, ToSchema)]
pub struct CheckoutSession {
    /// `checkout_session`.
    pub object: &'static str,
    /// Stripe's id of it.
    pub id: String,
    /// Where the buyer goes; null once the payment has begun or is over.
    #[schema(required)]
    pub url: Option<String>,
    /// How the payment stands.
    #[schema(value_type = Payment)]
    pub payment: Box<RawValue>,
}

/// An address to come back to.
pub(in crate::endpoints) fn return_to(param: &'static str, given: Option<String>, usual: String) -> Result<String> {
    let Some(url) = given else { return Ok(usual) };
    let is_web = reqwest::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web || url.len() > LONGEST_URL {
        return Err(Error::invalid(param, format!("`{param}` is an http(s) URL of at most {LONGEST_URL} characters.")));
    }
    Ok(url)
}

pub(super) fn usual(app: &App, outcome: &str) -> String {
    format!("{}/?payment={outcome}", app.config.frontend_url)
}

fn answer(session: &CheckoutSession) -> Result<Response> {
    Ok(private(&to_raw_value(session).map_err(|error| malformed(&error))?))
}

/// `POST /api/stripe/checkout-session`: sends the buyer to Stripe. With `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 400 for an amount that is not sold; 403 `payments_blocked`; 429 `too_many_attempts`,
/// `payment_limit_reached`; 503 `payment_unavailable`.
#[utoipa::path(post, path = "/api/stripe/checkout-session", tag = "money", request_body = NewCheckoutSession,
    params(IdempotencyKey), responses(
        (status = 200, body = CheckoutSession),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `payments_blocked`"),
        (status = 404, description = "`coupon_not_found`"),
        (status = 409, description = "`idempotency_conflict`, `coupon_expired`, `coupon_used_up`, `coupon_already_redeemed`, `coupon_not_applicable`"),
        (status = 429, description = "`too_many_attempts`, `payment_limit_reached`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(
    State(app): State<SharedApp>,
    caller: Caller,
    input: Input<NewCheckoutSession>,
) -> Result<Response> {
    let Input { body, idempotency } = input;
    check_coupon(body.coupon.as_deref())?;
    let wanted = wanted(body.package, body.amount)?;
    let paid = return_to("success_url", body.success_url, usual(&app, "paid&session_id={CHECKOUT_SESSION_ID}"))?;
    let left = return_to("cancel_url", body.cancel_url, usual(&app, "canceled"))?;
    let begun =
        begin(&app, &caller, wanted, Way::Checkout(paid, left), SavesCard(body.save_card), body.coupon, idempotency)
            .await?;
    answer(&CheckoutSession { object: "checkout_session", id: begun.id, url: begun.access, payment: begun.payment })
}

/// `GET /api/stripe/checkout-session/{session}`: asks Stripe, so that whoever comes back from paying finds the credit there.
///
/// # Errors
/// The refusals of key validation; 404 `payment_not_found`, for another's session, too; 503 `payment_unavailable`.
#[utoipa::path(get, path = "/api/stripe/checkout-session/{session}", tag = "money",
    params(("session" = String, Path, description = "Stripe's id of the session, or ours of the payment.")), responses(
        (status = 200, body = CheckoutSession),
        (status = 404, description = "`payment_not_found`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let payment = confirm(&app, &caller, "checkout", &id).await?;
    answer(&CheckoutSession { object: "checkout_session", id, url: None, payment })
}
