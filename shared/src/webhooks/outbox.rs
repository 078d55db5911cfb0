//! From the database's deliveries to customers' servers: claimed a few at a time, sent together, each noted as soon as it is known
//! what became of it. An event whose note is lost is sent again under the same id.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::client::{Client, Outcome};
use super::secret::signatures;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::keyring::{self, Sealed};
use crate::queued::Receivers;

/// For how long webhooks are told behind an act; the cron job tells those that are left.
const BEHIND_AN_ACT: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Due {
    id: Uuid,
    url: String,
    event: String,
    data: Box<RawValue>,
    created_at: Timestamp,
    secrets: Vec<Sealed>,
}

/// What is sent.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    /// As the database has it, to the last decimal.
    data: &'a RawValue,
}

/// How a delivery stands after an attempt.
pub struct Attempted {
    /// Its id.
    pub id: Uuid,
    /// `pending`, `delivered` or `failed`.
    state: String,
    /// As its owner sees it.
    pub shown: Box<RawValue>,
}

/// What was done.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Told {
    /// Deliveries that were taken.
    pub delivered: usize,
    /// Deliveries that are tried again later.
    pub waiting: usize,
    /// Deliveries that were given up.
    pub failed: usize,
}

/// Sends what is due, to this account or to all.
///
/// # Errors
/// When the database is away.
pub async fn deliver(app: &App, account: Option<Uuid>, longest: Duration) -> Result<Vec<Attempted>> {
    let client = Client::new(&app.config.webhook_hosts)?;
    let (begun, mut done) = (Instant::now(), Vec::new());
    while begun.elapsed() < longest {
        let due: Vec<Due> = app.supabase()?.rpc("claim_webhook_deliveries", &json!({ "account": account })).await?;
        if due.is_empty() {
            break;
        }
        for finished in join_all(due.iter().map(|due| send(app, &client, due))).await {
            done.extend(finished?);
        }
    }
    Ok(done)
}

/// Tells what an act has queued. Whatever goes wrong, the cron job tells it; so does it what nobody here can sign.
pub async fn send_after_act(app: &App, receivers: Receivers) {
    let account = match receivers {
        Receivers::Of(account) => Some(account),
        Receivers::OfSeveral => None,
    };
    if keyring::newest(app).is_err() {
        return;
    }
    if let Err(error) = deliver(app, account, BEHIND_AN_ACT).await {
        tracing::warn!(%error, "webhooks wait for the cron job");
    }
}

/// Counts deliveries by what became of them.
#[must_use]
pub fn count(attempted: &[Attempted]) -> Told {
    let of = |state: &str| attempted.iter().filter(|delivery| delivery.state == state).count();
    Told { delivered: of("delivered"), waiting: of("pending"), failed: of("failed") }
}

/// Tries a delivery; nothing, if its webhook was deleted or switched off meanwhile.
async fn send(app: &App, client: &Client, due: &Due) -> Result<Option<Attempted>> {
    #[derive(Deserialize)]
    struct Stands {
        id: Uuid,
        state: String,
    }
    let outcome = match signed(app, due, Timestamp::now()) {
        Ok((headers, body)) => client.post(&due.url, headers, body).await,
        Err(wrong) => Outcome { status: None, error: Some(wrong.to_owned()), duration_ms: 0 },
    };
    let arguments = json!({ "delivery": due.id, "outcome": outcome });
    let shown: Box<RawValue> = app.supabase()?.rpc("finish_webhook_delivery", &arguments).await?;
    let stands: Option<Stands> = serde_json::from_str(shown.get()).map_err(|error| malformed(&error))?;
    Ok(stands.map(|Stands { id, state }| Attempted { id, state, shown }))
}

fn malformed(error: &serde_json::Error) -> Error {
    tracing::error!(%error, "the database's answer is malformed");
    Error::new(Code::InternalError)
}

/// The headers and the body of a delivery.
fn signed(app: &App, due: &Due, at: Timestamp) -> std::result::Result<(HeaderMap, String), &'static str> {
    let message = Message { r#type: &due.event, timestamp: due.created_at, data: &due.data };
    let body = serde_json::to_string(&message).map_err(|_| "Nothing was sent: it is no JSON.")?;
    let opened = due.secrets.iter().map(|sealed| keyring::open(app, sealed));
    let secrets: Vec<String> = opened
        .collect::<Result<_>>()
        .map_err(|_| "Nothing was sent: the webhook's secret cannot be read at present.")?;
    let (id, at) = (due.id.to_string(), at.as_second());
    let signature = signatures(secrets.iter().map(String::as_str), &id, at, &body);
    let mut headers = HeaderMap::new();
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", at.to_string()), ("webhook-signature", signature)] {
        let value = HeaderValue::from_str(&value).map_err(|_| "Nothing was sent: it cannot be signed.")?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok((headers, body))
}
