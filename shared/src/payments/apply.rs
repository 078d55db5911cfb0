//! What Stripe tells, into the database.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::subscriptions::{self, Surplus};
use super::{card, refund};
use crate::app::App;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::stripe::observe;
use crate::stripe::{client, requests};

/// What became of an event.
#[derive(Deserialize)]
struct Applied {
    outcome: String,
    alert: Option<String>,
    account_id: Option<Uuid>,
    payment_id: Option<Uuid>,
    #[serde(default)]
    surplus: Vec<Surplus>,
}

/// Applies an event of Stripe's, once. Answers what became of it.
///
/// # Errors
/// 400 for an event of the other kind, without its object; 500 when a member that is needed is not there; 503 when the database or
/// Stripe is away. Stripe sends it again then.
pub async fn event(app: &App, event: &Value) -> Result<String> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let (id, kind) = (text("id"), text("type"));
    if text("object").starts_with("v2.") || event["data"]["object"].is_null() && text("object") != "event" {
        tracing::error!(event = id, kind, "an event comes without its object");
        let message =
            "Choose the payload style `snapshot` for this endpoint: thin events do not say what they are about.";
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    let not_there = |path: &str| {
        tracing::error!(event = id, kind, path, "an event lacks what is needed of it");
        Error::new(Code::InternalError)
    };
    if id.is_empty() || kind.is_empty() {
        return Err(not_there("id, type"));
    }
    let livemode = event["livemode"].as_bool().ok_or_else(|| not_there("livemode"))?;
    let created = event["created"].as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let created = created.ok_or_else(|| not_there("created"))?;
    if !event["account"].is_null() || livemode != configured(&app.config.stripe)?.livemode {
        tracing::error!(event = id, kind, livemode, "an event of another account or mode is ignored");
        return Ok("ignored".to_owned());
    }
    if kind == "radar.early_fraud_warning.created" {
        tracing::error!(event = id, charge = %event["data"]["object"]["charge"], "a bank warns of fraud");
        refund::refund_warned(app, &event["data"]["object"]).await?;
    }
    let at = Timestamp::now();
    let mut object = event["data"]["object"].clone();
    if kind.starts_with("charge.dispute.") {
        // Events come in any order; what Stripe says now is in none.
        let dispute = object["id"].as_str().ok_or_else(|| not_there("data.object.id"))?;
        object = client::send(app, requests::get("disputes", dispute), None).await?;
    }
    if kind == "charge.refunded" {
        missed_refunds(app, event).await?;
    }
    if observe::is_ours(&object) {
        card::expand(app, kind, &mut object).await?;
    }
    let seen = match subscriptions::seen(app, kind, &object, at).await? {
        Some(read) => read,
        None => observe::event(kind, &object, at),
    };
    let seen = seen.map_err(|absent| not_there(&absent.to_string()))?;
    let applied: Applied = app
        .supabase()?
        .rpc(
            "apply_stripe_event",
            &json!({ "event": {
        "id": id, "type": kind, "created": created, "livemode": livemode, "object_id": object["id"], "seen": seen } }),
        )
        .await?;
    report(id, kind, &applied);
    for surplus in &applied.surplus {
        surplus.end_or_leave(app).await;
    }
    Ok(applied.outcome)
}

/// Asks for the refunds of a charge of which Stripe has refunded more than was told, and applies each as if it were told now.
async fn missed_refunds(app: &App, event: &Value) -> Result<()> {
    let charge = &event["data"]["object"];
    let (Some(intent), Some(refunded)) = (charge["payment_intent"].as_str(), charge["amount_refunded"].as_i64()) else {
        return Ok(());
    };
    let seen = json!({"intent": intent, "charge": charge["id"], "refunded": refunded});
    if !app.supabase()?.rpc::<bool>("misses_refunds", &json!({ "seen": seen })).await? {
        return Ok(());
    }
    let list = client::send(app, requests::refunds_of(intent), None).await?;
    for refund in list["data"].as_array().into_iter().flatten() {
        let word = |name: &str| refund[name].as_str().unwrap_or_default();
        let told = json!({"id": format!("asked-{}-{}", word("id"), word("status")), "object": "event", "type": "refund.updated",
            "created": event["created"], "livemode": event["livemode"], "data": {"object": refund}});
        Box::pin(self::event(app, &told)).await?;
    }
    Ok(())
}

/// Tells the operator of what somebody should look at.
fn report(id: &str, kind: &str, applied: &Applied) {
    let (account, payment) = (applied.account_id, applied.payment_id);
    if let Some(alert) = &applied.alert {
        tracing::error!(
            event = id,
            kind,
            outcome = applied.outcome,
            ?account,
            ?payment,
            "a payment needs a look: {alert}"
        );
    }
}
