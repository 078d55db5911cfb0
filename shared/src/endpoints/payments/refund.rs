//! `/api/stripe/refund`: refunds a payment.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cents;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::private;
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::Result;
use crate::money::Nanos;
use crate::payments::refund::{ToMake, ask};

/// Why, as Stripe knows it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// It was paid twice.
    Duplicate,
    /// It was not its owner who paid.
    Fraudulent,
    /// The buyer wants it.
    RequestedByCustomer,
}

/// What is to be refunded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"payment_id": "01938f6e-0000-7000-8000-000000000000", "amount": 10})))]
pub struct NewRefund {
    /// The payment.
    payment_id: Uuid,
    /// In dollars, in whole cents; what is unspent if left out.
    amount: Option<Nanos>,
    /// Why.
    reason: Option<RefundReason>,
    /// More than is unspent: the rest becomes the account's debt.
    #[serde(default)]
    force: bool,
}

/// A refund.
#[derive(ToSchema)]
pub struct Refund {
    /// `refund`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// Stripe's id of it; null until Stripe has answered.
    #[schema(required)]
    pub stripe_id: Option<String>,
    /// The payment.
    pub payment_id: Uuid,
    /// What is refunded.
    pub amount: Nanos,
    /// `usd`.
    pub currency: String,
    /// `requested` until Stripe has answered; then Stripe's word: `pending`, `succeeded`, `failed` …
    pub status: String,
    /// Why.
    #[schema(required)]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// `POST /api/stripe/refund`: takes the credit, then asks Stripe. With `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 404 `payment_not_found`; 409 `refund_exceeds_payment`, `payment_not_refundable`,
/// `refund_refused`; 503 `payment_unavailable`.
#[utoipa::path(post, path = "/api/stripe/refund", tag = "admin", request_body = NewRefund, params(IdempotencyKey), responses(
        (status = 200, body = Refund),
        (status = 404, description = "`payment_not_found`"),
        (status = 409, description = "`refund_exceeds_payment`, `payment_not_refundable`, `refund_refused`, `idempotency_conflict`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewRefund>) -> Result<Response> {
    let Input { body, idempotency } = input;
    let amount = body.amount.map(|amount| cents("amount", amount)).transpose()?;
    let request = json!({"id": Uuid::now_v7(), "payment_id": body.payment_id, "amount": amount, "reason": body.reason,
        "force": body.force});
    let arguments = json!({ "request": request, "idempotency": idempotency });
    let made: ToMake = caller.rpc(&app, "begin_refund", arguments).await?;
    Ok(private(&ask(&app, made).await?))
}
