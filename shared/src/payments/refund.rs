//! Asks Stripe for a refund whose credit is gone already.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::stripe::observe::asked_refund;
use crate::stripe::{StripeError, client, requests};

/// What the database wants of Stripe.
#[derive(Deserialize)]
pub struct ToMake {
    /// As whoever asked sees it.
    pub refund: Box<RawValue>,
    id: Option<Uuid>,
    intent: Option<String>,
    amount: i64,
    reason: Option<String>,
    pending: bool,
}

/// Asks for a refund, if Stripe has not answered yet. Where it will not, the credit is given back. Where its answer is unknown the
/// refund stays as it is, and the cron job asks again under the same key.
///
/// # Errors
/// `refund_refused`; `payment_unavailable`.
pub async fn ask(app: &App, made: ToMake) -> Result<Box<RawValue>> {
    let (Some(id), Some(intent), true) = (made.id, &made.intent, made.pending) else { return Ok(made.refund) };
    let request = requests::refund(id, intent, made.amount, made.reason.as_deref());
    match client::send(app, request, Some(&format!("refund-{id}"))).await {
        Ok(object) => note(app, id, &object).await,
        Err(refused @ StripeError::Refused { .. }) => {
            tracing::error!(refund = %id, error = %refused, "Stripe refuses a refund");
            finish(app, id, &Value::Null).await?;
            Err(Error::new(Code::RefundRefused))
        }
        Err(StripeError::Unconfigured(error)) => Err(error),
        Err(StripeError::Unknown(reason)) => {
            tracing::warn!(refund = %id, reason, "whether a refund was made is unknown; it is asked for again");
            Ok(made.refund)
        }
    }
}

/// Notes what Stripe says of our refund.
async fn note(app: &App, id: Uuid, object: &Value) -> Result<Box<RawValue>> {
    let seen = asked_refund(object, Timestamp::now()).map(Some);
    let seen = super::asked::seen(seen)?;
    finish(app, id, &json!(seen)).await
}

async fn finish(app: &App, id: Uuid, seen: &Value) -> Result<Box<RawValue>> {
    Ok(app.supabase()?.rpc("finish_refund", &json!({ "refund": id, "seen": seen })).await?)
}

/// Asks again for a refund whose answer is unknown: by its key within a day, in which Stripe remembers it, and before that by what
/// there is of the payment's refunds.
///
/// # Errors
/// See [`ask`].
pub async fn ask_again(app: &App, made: ToMake) -> Result<Box<RawValue>> {
    if let (Some(id), Some(intent)) = (made.id, &made.intent) {
        let list = client::send(app, requests::refunds_of(intent), None).await?;
        let ours = |refund: &&Value| refund["metadata"]["refund"] == id.to_string();
        if let Some(refund) = list["data"].as_array().and_then(|refunds| refunds.iter().find(ours)) {
            return note(app, id, refund).await;
        }
    }
    ask(app, made).await
}

/// Refunds what is left of a payment of which a bank warns, if this deployment does so. Of one warning it is the same refund, however
/// often it comes.
///
/// # Errors
/// When the database is away.
pub async fn refund_warned(app: &App, warning: &Value) -> Result<()> {
    if !app.config.stripe_refund_warned || warning["actionable"] == false {
        return Ok(());
    }
    let text = |name: &str| warning[name].as_str();
    let digest = Sha256::digest(text("id").unwrap_or_default());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    let about = json!({"id": uuid::Builder::from_custom_bytes(id).into_uuid(), "intent": text("payment_intent"), "charge": text("charge")});
    let made: Option<ToMake> = app.supabase()?.rpc("begin_warned_refund", &json!({ "warning": about })).await?;
    let Some(made) = made else { return Ok(()) };
    match ask(app, made).await {
        Err(error) if error.code != Code::RefundRefused => Err(error),
        _ => Ok(()),
    }
}
