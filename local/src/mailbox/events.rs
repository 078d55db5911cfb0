//! What Resend tells of mails, signed as Svix signs: of its test addresses that bounce or complain.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{Mailbox, Message};

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
            _ => return None,
        };
        let data = json!({ "email_id": message.id, "to": [address], "bounce": bounce });
        Some(Self {
            id: format!("msg_{}", message.id.simple()),
            body: json!({ "type": kind, "data": data }).to_string(),
        })
    }
}

impl Mailbox {
    /// The events that wait; they wait no longer.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
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
