//! How events reach the gateway: signed, at least once, in no particular order (<https://docs.stripe.com/webhooks>).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Notify;

use super::Stripe;

/// How long each delivery may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long after each failure the next attempt comes.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(300)];

/// Events that wait, and what is to go wrong with them.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: VecDeque<Value>,
    told: Arc<Notify>,
    pub mishaps: Mishaps,
}

impl Outgoing {
    pub(super) fn push(&mut self, event: Value) {
        self.waiting.push_back(event);
        self.told.notify_one();
    }
}

/// What goes wrong on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mishaps {
    /// The newest come first.
    pub shuffled: bool,
    /// Each comes twice.
    pub doubled: bool,
    /// None comes.
    pub dropped: bool,
    /// So many seconds later.
    pub delay: u64,
}

/// An event as it is posted.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event's id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// The body, to the byte.
    pub body: String,
}

impl Delivery {
    fn of(event: &Value) -> Self {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        Self { id: text("id"), kind: text("type"), body: event.to_string() }
    }
}

/// The header `Stripe-Signature` of a body at a time.
#[must_use]
pub fn signature(secret: &str, at: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

impl Stripe {
    /// The events that wait, which then wait no more.
    #[must_use]
    pub fn take_events(&self) -> Vec<Delivery> {
        self.lock().outgoing.waiting.drain(..).map(|event| Delivery::of(&event)).collect()
    }

    /// The signature of a body, made now with its own secret.
    #[must_use]
    pub fn sign(&self, body: &str) -> String {
        signature(&self.secret, unix_now(), body)
    }

    /// From now on its pages are at this gateway, and events are sent there, until what this answers is aborted.
    pub fn serve_for(&self, client: reqwest::Client, gateway: &str) -> tokio::task::JoinHandle<()> {
        let told = {
            let mut objects = self.lock();
            objects.pages = gateway.to_owned();
            objects.outgoing.told.clone()
        };
        let (stripe, endpoint) = (self.clone(), format!("{gateway}/api/stripe/webhook"));
        tokio::spawn(async move {
            loop {
                told.notified().await;
                let mishaps = stripe.lock().outgoing.mishaps;
                tokio::time::sleep(Duration::from_secs(mishaps.delay)).await;
                let mut events = stripe.take_events();
                if mishaps.shuffled {
                    events.reverse();
                }
                if mishaps.doubled {
                    events = events.into_iter().flat_map(|event| [event.clone(), event]).collect();
                }
                if mishaps.dropped {
                    continue;
                }
                for event in events {
                    tokio::spawn(stripe.clone().deliver(client.clone(), endpoint.clone(), event));
                }
            }
        })
    }

    /// Posts an event until it is taken, or there was no use in it.
    async fn deliver(self, client: reqwest::Client, endpoint: String, event: Delivery) {
        for pause in [Duration::ZERO].into_iter().chain(PAUSES) {
            tokio::time::sleep(pause).await;
            let request = client.post(&endpoint).timeout(TIMEOUT).header("content-type", "application/json");
            let request = request.header("stripe-signature", self.sign(&event.body)).body(event.body.clone());
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    self.lock().change(&event.id, &json!({"pending_webhooks": 0}));
                    return;
                }
                Ok(answer) => tracing::warn!(event = event.kind, status = %answer.status(), "an event was not taken"),
                Err(error) => tracing::warn!(event = event.kind, %error, "an event was not taken"),
            }
        }
    }
}
