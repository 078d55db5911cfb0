//! How a payment stands, as Stripe says now: whoever comes back from paying need not wait for an event.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::apply::event;
use super::asked::seen;
use crate::app::App;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::stripe::observe::{asked_intent, asked_session};
use crate::stripe::{client, requests};

/// What decides whether Stripe is asked.
#[derive(Deserialize)]
struct Known {
    kind: String,
    status: String,
    session_id: Option<String>,
    intent_id: Option<String>,
}

#[derive(Deserialize)]
struct Confirmed {
    payment: Box<RawValue>,
    outcome: String,
    alert: Option<String>,
}

/// The caller's payment of this kind (`checkout`, `intent`) that Stripe calls so, credited if it is paid.
///
/// # Errors
/// 404 for another's, and for none; `payment_unavailable`.
pub async fn confirm(app: &App, caller: &Caller, kind: &str, target: &str) -> Result<Box<RawValue>> {
    let payment: Box<RawValue> = caller.rpc(app, "get_payment", json!({ "target": target })).await?;
    let known: Known =
        serde_json::from_str(payment.get()).map_err(|error| crate::endpoints::answer::malformed(&error))?;
    if known.kind != kind {
        return Err(Error::new(Code::PaymentNotFound));
    }
    if matches!(known.status.as_str(), "succeeded" | "mismatch") {
        return Ok(payment);
    }
    let read = match (&known.session_id, &known.intent_id) {
        (Some(session), _) => {
            asked_session(&client::send(app, requests::get("checkout/sessions", session), None).await?)
        }
        (None, Some(intent)) => asked_intent(&client::send(app, requests::get("payment_intents", intent), None).await?),
        (None, None) => return Ok(payment),
    };
    let Some(seen) = seen(read)? else { return Ok(payment) };
    let confirmed: Confirmed = caller.rpc(app, "confirm_payment", json!({ "target": target, "seen": seen })).await?;
    if let Some(alert) = confirmed.alert {
        tracing::error!(payment = target, outcome = confirmed.outcome, "a payment needs a look: {alert}");
    }
    Ok(confirmed.payment)
}

/// Applies what Stripe says now of a page at which a card was to be left: whoever comes back from it need not wait for an event. Answers whether there was
/// anything to apply.
///
/// # Errors
/// When the database or Stripe is away.
pub async fn look_at(app: &App, page: &str) -> Result<bool> {
    let session = client::send(app, requests::get("checkout/sessions", page), None).await?;
    if session["status"] != "complete" {
        return Ok(false);
    }
    let told = json!({"id": format!("asked-{page}"), "object": "event", "type": "checkout.session.completed",
        "created": session["created"], "livemode": session["livemode"], "data": {"object": session}});
    event(app, &told).await.map(|_| true)
}
