//! What Resend tells of mails, signed as Svix signs: of its test addresses that bounce, complain or are suppressed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{Mailbox, Message};

/// How often the gateway is told.
const PAUSE: Duration = Duration::from_millis(500);

/// An event that waits to be delivered.
#[derive(Clone, Debug)]
pub struct Event {
    /// Svix's id of it.
    pub id: String,
    /// Its body.
    pub body: String,
}

impl Event {
    /// What becomes of a mail to one of Resend's test addresses (<https://resend.com/docs/dashboard/emails/send-test-emails>).
    pub(super) fn of(message: &Message) -> Option<Self> {
        let address = message.to.first()?;
        let (kind, bounce) = match address.split('@').next()? {
            "bounced" => ("email.bounced", json!({ "type": "Permanent", "subType": "Suppressed" })),
            "complained" => ("email.complained", json!(null)),
            "suppressed" => ("email.suppressed", json!(null)),
            _ => return None,
        };
        let at = super::page::received(message.received);
        let data = json!({
            "email_id": message.id, "created_at": at, "from": message.from, "to": [address], "subject": message.subject,
            "bounce": bounce });
        Some(Self {
            id: format!("msg_{}", message.id.simple()),
            body: json!({ "type": kind, "created_at": at, "data": data }).to_string(),
        })
    }
}

impl Mailbox {
    /// The events that wait; they wait no longer.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }

    /// From now on the gateway is told of events, until what this answers is aborted.
    pub fn serve_for(&self, client: reqwest::Client, gateway: &str) -> tokio::task::JoinHandle<()> {
        let (mailbox, endpoint) = (self.clone(), format!("{gateway}/api/resend/webhook"));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PAUSE).await;
                for event in mailbox.take_events() {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().cast_signed();
                    let request = client.post(&endpoint).header("content-type", "application/json");
                    let request = request.header("svix-id", &event.id).header("svix-timestamp", now.to_string());
                    let request = request.header("svix-signature", mailbox.sign(&event.id, now, &event.body));
                    if let Err(error) = request.body(event.body).send().await {
                        tracing::warn!(%error, "an event of the mailbox was not taken");
                    }
                }
            }
        })
    }

    /// The signature of an event that is sent at a time, in seconds: `v1,<base64>`.
    #[must_use]
    pub fn sign(&self, id: &str, at: i64, body: &str) -> String {
        let key = STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap_or_default();
        let mac = Hmac::<Sha256>::new_from_slice(&key).map(|mut mac| {
            mac.update(format!("{id}.{at}.{body}").as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        });
        format!("v1,{}", mac.unwrap_or_default())
    }
}
