//! Webhooks of an account's own: where it wants to be told of what happens to it.

pub mod attempt;
pub mod collection;
pub mod deliveries;
pub mod one;
pub mod rotate;
mod shown;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::webhooks::target;

/// What a webhook can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub enum WebhookEvent {
    /// The balance has fallen below its threshold, or to nothing.
    #[serde(rename = "balance.low")]
    BalanceLow,
    /// A payment has arrived, and its credit is there.
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded,
    /// A payment was refunded, in part or whole.
    #[serde(rename = "payment.refunded")]
    PaymentRefunded,
    /// A key has spent what it may.
    #[serde(rename = "key.spend_limit_reached")]
    KeySpendLimitReached,
    /// A key expires soon.
    #[serde(rename = "key.expiring")]
    KeyExpiring,
    /// A plan has begun, changed or ended, or is to end.
    #[serde(rename = "subscription.changed")]
    SubscriptionChanged,
    /// What was used on a day (UTC) that is over.
    #[serde(rename = "usage.daily")]
    UsageDaily,
    /// The account has spent as much on a day, or in a month, as it wanted to be told of.
    #[serde(rename = "spend.threshold_reached")]
    SpendThresholdReached,
    /// A provider refuses a key of the account's own there.
    #[serde(rename = "provider_key.refused")]
    ProviderKeyRefused,
    /// An end user has spent four fifths of its budget, or all of it.
    #[serde(rename = "end_user.budget_reached")]
    EndUserBudgetReached,
}

/// Whether a webhook is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    /// It is.
    Enabled,
    /// It is not.
    Disabled,
}

/// A webhook as it is kept. Its secret is not shown again.
#[derive(ToSchema)]
pub struct Webhook {
    /// `webhook`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub url: String,
    /// What its owner says of it.
    #[schema(required)]
    pub description: Option<String>,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    /// Whether it is told anything.
    pub status: WebhookStatus,
    /// When it was switched off.
    #[schema(required)]
    pub disabled_at: Option<Timestamp>,
    /// Why: `owner` (you did), `failing` (it took nothing for three days), `gone` (it answered 410).
    #[schema(required)]
    pub disabled_reason: Option<String>,
    /// Since when every delivery fails; null if the last one was taken.
    #[schema(required)]
    pub failing_since: Option<Timestamp>,
    /// Former secrets that still sign beside the newest, the newest first.
    pub former_secrets: Vec<FormerWebhookSecret>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A secret that a rotation has replaced.
#[derive(ToSchema)]
pub struct FormerWebhookSecret {
    /// Until when it signs.
    pub expires_at: Timestamp,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is tried, or will be.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
    /// Any of these.
    #[default]
    All,
}

/// Something that a webhook was told, or is to be told.
#[derive(ToSchema)]
pub struct WebhookDelivery {
    /// `webhook_delivery`.
    pub object: String,
    /// Its id, the same for all attempts: the header `webhook-id`.
    pub id: Uuid,
    /// Whose it is.
    pub webhook_id: Uuid,
    /// What happened: one of the events, or `webhook.test`.
    pub event: String,
    /// `pending`, `delivered`, or `failed` when it was given up.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// The last answer's status.
    #[schema(required)]
    pub status: Option<i64>,
    /// What was wrong with the last attempt.
    #[schema(required)]
    pub error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    #[schema(required)]
    pub duration_ms: Option<i64>,
    /// The body's `data`.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// When it happened: the body's `timestamp`.
    pub created_at: Timestamp,
    /// When it was taken or given up.
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
    /// When it is tried next.
    #[schema(required)]
    pub next_attempt_at: Option<Timestamp>,
}

/// An address that a webhook may have.
fn check_url(app: &App, url: &str) -> Result<()> {
    let wrong = |wrong| Error::invalid("url", format!("`url` {wrong}."));
    target::read(url, &app.config.webhook_hosts).map(|_| ()).map_err(wrong)
}

/// At least one event, since a webhook that is told of none is none.
fn check_events(events: &[WebhookEvent]) -> Result<()> {
    if events.is_empty() {
        return Err(Error::invalid("events", "`events` has at least one entry."));
    }
    Ok(())
}
