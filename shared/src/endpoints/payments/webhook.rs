//! `/api/stripe/webhook`: what Stripe tells of payments, refunds and disputes.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::text;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::payments::apply;
use crate::serve::Payload;
use crate::stripe::signature::verify;

/// The largest event, in bytes.
const LARGEST: usize = 1_048_576;

/// An event, as Stripe sends it.
#[derive(ToSchema)]
#[schema(as = StripeEvent, examples(json!({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded",
    "created": 1_790_000_000, "livemode": false, "data": {"object": {"id": "pi_1", "object": "payment_intent", "metadata": {}}}})))]
#[expect(dead_code, reason = "only documentation")]
pub struct Event {
    /// Stripe's id of it: each is applied once.
    id: String,
    /// `event`; thin events are refused.
    object: String,
    /// What happened.
    r#type: String,
    /// When, in seconds since 1970.
    created: i64,
    /// Whether it is about real money.
    livemode: bool,
    /// What it is about, in `object`, as it was then.
    #[schema(value_type = Object)]
    data: Value,
}

/// That it was taken.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// `true`: it need not be sent again.
    pub received: bool,
    /// What became of it: `applied`, `duplicate`, `repeated`, `stale`, `unmatched`, `mismatch` or `ignored`.
    pub outcome: String,
}

/// `POST /api/stripe/webhook`: for Stripe, whose signature stands in place of a key.
///
/// # Errors
/// 400 `invalid_signature`; 500 for an event that lacks what is needed of it; 503 when the database or Stripe is away. Stripe sends
/// it again after each but the first.
#[utoipa::path(post, path = "/api/stripe/webhook", tag = "money", request_body = Event,
    params(("Stripe-Signature" = String, Header, description = "Made by Stripe, under the endpoint's signing secret.")), responses(
        (status = 200, body = Taken),
        (status = 400, description = "`invalid_signature`, `invalid_request`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn take(State(app): State<SharedApp>, headers: HeaderMap, Payload(body): Payload) -> Result<Json<Taken>> {
    let secrets = configured(&app.config.stripe_webhook)?;
    if body.len() > LARGEST {
        return Err(Error::new(Code::PayloadTooLarge));
    }
    let signature = text(&headers, "stripe-signature").unwrap_or_default();
    verify(signature, &body, secrets, Timestamp::now().as_second()).map_err(|reason| {
        tracing::warn!(%reason, "an event that Stripe has not signed");
        Error::new(Code::InvalidSignature)
    })?;
    let event: Value = serde_json::from_slice(&body).map_err(|_| Error::new(Code::InvalidJson))?;
    let outcome = apply::event(&app, &event).await?;
    Ok(Json(Taken { received: true, outcome }))
}
