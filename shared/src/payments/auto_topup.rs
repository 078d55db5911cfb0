//! Auto top-up: a card is charged while its owner is not there, because they have agreed to it.
//!
//! One attempt of an account at a time, which the database sees to; whoever hears first of its outcome (the answer, an event, the
//! cron job) books it. An attempt whose outcome is unknown stays open, and none is made beside it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::config::configured;
use crate::error::Result;
use crate::stripe::charge::{Charge, off_session};
use crate::stripe::observe::asked_intent;
use crate::stripe::{StripeError, client};

/// An attempt, as the database has begun it.
#[derive(Deserialize)]
pub struct ToMake {
    /// The payment.
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    deployment: Uuid,
    amount: i64,
    credits: Box<RawValue>,
    /// The customer at Stripe.
    pub customer: Option<String>,
    method: Option<String>,
    /// When it was begun, in seconds since 1970.
    pub created: i64,
}

#[derive(Deserialize)]
struct Settled {
    outcome: String,
    alert: Option<String>,
}

/// Tops up an account that is due for it, if nobody else does, and what it has agreed to allows it. What fails is told of in the log.
pub async fn top_up(app: &App, account: Uuid) {
    if let Err(error) = begin(app, account).await {
        tracing::error!(%account, %error, "an auto top-up fails");
    }
}

async fn begin(app: &App, account: Uuid) -> Result<()> {
    let livemode = configured(&app.config.stripe)?.livemode;
    let request = json!({"id": Uuid::now_v7(), "livemode": livemode, "taxed": app.config.stripe_tax});
    let arguments = json!({"target": account, "request": request});
    let made: Option<ToMake> = app.supabase()?.rpc("begin_auto_topup", &arguments).await?;
    match made {
        Some(made) => attempt(app, &made).await,
        None => Ok(()),
    }
}

/// Asks Stripe for it, under a key of its own: once, however often this is done within a day.
///
/// # Errors
/// When the database is away, or Stripe's answer lacks what is needed of it.
pub async fn attempt(app: &App, made: &ToMake) -> Result<()> {
    let (Some(customer), Some(method)) = (&made.customer, &made.method) else {
        return end(app, made, "canceled", "resource_missing").await;
    };
    let description = format!("{} credits: ${}, topped up automatically", app.config.app_name, made.credits);
    let request = off_session(&Charge {
        payment: made.id,
        deployment: made.deployment,
        amount: made.amount,
        customer,
        method,
        description: &description,
    });
    match client::send(app, request, Some(&format!("auto-{}", made.id))).await {
        Ok(intent) => settle(app, made, &intent).await,
        Err(StripeError::Refused { intent: Some(intent), .. }) => settle(app, made, &intent).await,
        // Stripe has done something under this key before, with another card: the cron job finds out what.
        Err(StripeError::Refused { code, .. }) if code.starts_with("idempotency") => Ok(()),
        Err(StripeError::Refused { code, message, .. }) => {
            tracing::error!(payment = %made.id, code, message, "Stripe refuses an auto top-up");
            end(app, made, "canceled", &code).await
        }
        Err(StripeError::Unconfigured(error)) => Err(error),
        Err(StripeError::Unknown(reason)) => {
            tracing::warn!(payment = %made.id, reason, "whether an auto top-up was paid is unknown; none is tried beside it");
            Ok(())
        }
    }
}

/// Books how an attempt stands. One that waits for its customer's word, which nobody will give, is none that is open.
///
/// # Errors
/// See [`attempt`].
pub async fn settle(app: &App, made: &ToMake, intent: &Value) -> Result<()> {
    match super::asked::seen(asked_intent(intent))? {
        Some(seen) => book(app, made, &json!(seen)).await,
        None => end(app, made, "failed", "authentication_required").await,
    }
}

/// Ends an attempt that Stripe has made nothing of.
///
/// # Errors
/// When the database is away.
pub async fn end(app: &App, made: &ToMake, status: &str, code: &str) -> Result<()> {
    let livemode = configured(&app.config.stripe)?.livemode;
    book(app, made, &json!({"status": status, "livemode": livemode, "failure_code": code})).await
}

async fn book(app: &App, made: &ToMake, seen: &Value) -> Result<()> {
    let arguments = json!({"target": made.id, "seen": seen});
    let settled: Option<Settled> = app.supabase()?.rpc("settle_auto_topup", &arguments).await?;
    let Some(settled) = settled else { return Ok(()) };
    let (status, outcome) = (&seen["status"], settled.outcome);
    if let Some(alert) = settled.alert {
        tracing::error!(payment = %made.id, account = %made.account_id, outcome, "an auto top-up needs a look: {alert}");
    } else {
        tracing::info!(payment = %made.id, account = %made.account_id, %status, outcome, "an auto top-up is over");
    }
    Ok(())
}
