//! What no event has told: payments that are open for some time are asked about, refunds that were never answered are asked for
//! again, and events of the last days are applied as if they were delivered.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::links::{self, Orphan, Unlinked};
use super::subscriptions::Surplus;
use super::{apply, open_topups, refund, tasks};
use crate::app::App;
use crate::config::Misconfigured;
use crate::error::Result;
use crate::stripe::{client, requests};

/// How many payments and refunds are looked after in one run.
const AT_A_TIME: u32 = 100;
/// For how long Stripe tries to deliver an event, in seconds.
const RETRIED: i64 = 3 * 24 * 3600;

/// What the database wants to know.
#[derive(Deserialize)]
struct Open {
    payments: Vec<OpenPayment>,
    refunds: Vec<refund::ToMake>,
    surplus: Vec<Surplus>,
    unlinked: Vec<Unlinked>,
    orphans: Vec<Orphan>,
    unmatched: u64,
    since: i64,
}

#[derive(Deserialize)]
struct OpenPayment {
    id: Uuid,
    session: Option<String>,
    intent: Option<String>,
}

/// What was done.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Reconciled {
    /// Events that no webhook had delivered.
    pub events: u64,
    /// Payments that Stripe was asked about.
    pub payments: u64,
    /// Refunds that Stripe was asked for again.
    pub refunds: u64,
    /// Invoices of plans of which it was found out by which payment intent they were paid.
    pub links: u64,
    /// What Stripe was to be told, and was.
    pub tasks: u64,
    /// Automatic top-ups whose outcome was unknown, and accounts that were due for one.
    pub topups: u64,
    /// Events that have waited for more than an hour for what they are about.
    pub unmatched: u64,
}

/// Finds out. Whatever fails is told of in the log and left to the next run.
///
/// # Errors
/// When the database or Stripe is away.
pub async fn reconcile(app: &App, longest: Duration) -> Result<Reconciled> {
    // A deployment that sells nothing has no account at Stripe, and nothing to find out there.
    if app.config.stripe.as_ref().is_err_and(Misconfigured::is_missing) {
        return Ok(Reconciled::default());
    }
    let begun = Instant::now();
    let open: Open = app.supabase()?.rpc("list_open_payments", &json!({ "query": {"limit": AT_A_TIME} })).await?;
    let mut done = Reconciled { unmatched: open.unmatched, ..Reconciled::default() };
    if open.unmatched > 0 {
        tracing::error!(events = open.unmatched, "events wait for what they are about");
    }
    for made in open.refunds.into_iter().take_while(|_| begun.elapsed() < longest) {
        match refund::ask_again(app, made).await {
            Ok(_) => done.refunds += 1,
            Err(error) => tracing::warn!(%error, "a refund cannot be asked for"),
        }
    }
    for surplus in open.surplus.into_iter().take_while(|_| begun.elapsed() < longest) {
        surplus.end_or_leave(app).await;
    }
    let _: Value = app.supabase()?.rpc("release_referrals", &json!({})).await?;
    done.events = missed_events(app, open.since, begun, longest).await?;
    done.links = links::look_for(app, &open.unlinked, &open.orphans, begun, longest).await;
    done.tasks = tasks::tell(app, None).await?;
    done.topups = open_topups::look_after(app, AT_A_TIME, begun, longest).await?;
    for payment in open.payments.into_iter().take_while(|_| begun.elapsed() < longest) {
        if let Err(error) = ask_about(app, &payment).await {
            tracing::warn!(payment = %payment.id, %error, "a payment cannot be asked about");
        }
        done.payments += 1;
    }
    Ok(done)
}

/// Applies the events since the newest that came, and those of the days before which were not delivered, the oldest first; those
/// that were applied before change nothing.
async fn missed_events(app: &App, since: i64, begun: Instant, longest: Duration) -> Result<u64> {
    let mut events = events(app, since - RETRIED, true, begun, longest).await?;
    events.extend(self::events(app, since, false, begun, longest).await?);
    events.sort_by_key(|event| event["created"].as_i64());
    events.dedup_by(|one, other| one["id"] == other["id"]);
    let mut missed = 0;
    for event in events {
        match apply::event(app, &event).await {
            Ok(outcome) if outcome != "duplicate" => missed += 1,
            Ok(_) => {}
            Err(error) => tracing::warn!(event = %event["id"], %error, "an event cannot be applied"),
        }
    }
    Ok(missed)
}

/// The events since a time, page by page.
async fn events(app: &App, since: i64, undelivered: bool, begun: Instant, longest: Duration) -> Result<Vec<Value>> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let after = events.last().and_then(|event| event["id"].as_str());
        let page = client::send(app, requests::events(since, undelivered, after), None).await?;
        events.extend(page["data"].as_array().into_iter().flatten().cloned());
        if page["has_more"] != true || begun.elapsed() > longest {
            return Ok(events);
        }
    }
}

/// Applies what Stripe says of a payment now, under a name that says so: it is an observation as any other.
async fn ask_about(app: &App, payment: &OpenPayment) -> Result<()> {
    let (kind, object) = match (&payment.session, &payment.intent) {
        (Some(session), _) => {
            ("checkout.session", client::send(app, requests::get("checkout/sessions", session), None).await?)
        }
        (None, Some(intent)) => {
            ("payment_intent", client::send(app, requests::get("payment_intents", intent), None).await?)
        }
        (None, None) => return Ok(()),
    };
    let name = match (kind, object["status"].as_str().unwrap_or_default()) {
        ("checkout.session", "expired") => "checkout.session.expired",
        ("checkout.session", _) => "checkout.session.completed",
        (_, "canceled") => "payment_intent.canceled",
        (_, "processing") => "payment_intent.processing",
        _ => "payment_intent.succeeded",
    };
    // A session can be complete before it is paid.
    let word = |member: &str| object[member].as_str().unwrap_or_default();
    let id = format!("asked-{}-{}-{}", payment.id, word("status"), word("payment_status"));
    let event = json!({"id": id, "object": "event", "type": name, "created": object["created"],
        "livemode": object["livemode"], "data": {"object": object}});
    apply::event(app, &event).await.map(|_| ())
}
