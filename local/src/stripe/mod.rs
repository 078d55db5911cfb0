//! Stands in for Stripe: what top-ups, their refunds and their disputes need of its API, as strict as the original, and events that
//! are signed and delivered as Stripe does, or worse.
//!
//! - `api`: requests: keys, versions, idempotency, errors. `form`: their bodies. `parameters`: what each endpoint takes.
//! - `objects`: what there is, and the clock. `customers`, `methods`, `checkout`, `intents`, `refunds`, `disputes`: what
//!   becomes of it.
//! - `prices`, `subscriptions`, `schedules`, `invoices`, `portal`, `portal_page`: plans that are bought. `billing`: what is asked about them. `clock`: what time does.
//! - `setup`: what a deployment sets up.
//! - `events`: what is told of it. `delivery`: how events reach the gateway. `page`: the buyer's and the operator's side. `acts`: what they do.

mod acts;
mod api;
mod billing;
mod checkout;
mod clock;
mod coupons;
mod customers;
mod delivery;
mod disputes;
mod events;
mod form;
mod idempotency;
mod intents;
mod invoices;
mod methods;
mod objects;
mod page;
mod parameters;
mod portal;
mod portal_page;
mod prices;
mod refunds;
mod refusal;
mod schedules;
mod setup;
mod subscriptions;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::loopback::Loopback;
use crate::secrets::Secrets;
use objects::Objects;

pub use delivery::{Delivery, signature};
pub use intents::Card;
pub use objects::Loss;
pub use refusal::Refusal;

/// A running stand-in. Clones share it.
#[derive(Clone)]
pub struct Stripe {
    key: Arc<str>,
    secret: Arc<str>,
    objects: Arc<Mutex<Objects>>,
    server: Arc<Loopback>,
}

impl Stripe {
    /// Starts to serve its API. Events are held until they are asked for, or until there is somewhere to send them.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(secrets: &Secrets) -> std::io::Result<Self> {
        let key = format!("sk_test_{}", alphanumeric(&secrets.of("stripe key")));
        let secret = format!("whsec_{}", alphanumeric(&secrets.of("stripe webhook")));
        let mut objects = Objects::default();
        prices::seed(&mut objects);
        let objects = Arc::new(Mutex::new(objects));
        let state = api::State { key: key.as_str().into(), objects: objects.clone() };
        let server = Loopback::serve(api::router(state)).await?;
        objects.lock().unwrap_or_else(PoisonError::into_inner).pages = server.url().to_owned();
        Ok(Self { key: key.into(), secret: secret.into(), objects, server: Arc::new(server) })
    }

    /// The secret key of its account, in test mode.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The secret that its webhook endpoint signs with.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.secret
    }

    /// Where its API is, without `/v1`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// An object as it is now, by its id.
    #[must_use]
    pub fn object(&self, id: &str) -> Option<Value> {
        self.lock().find(id).cloned()
    }

    /// The objects of a kind as they are now, newest first.
    #[must_use]
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.lock().of_kind(kind).cloned().collect()
    }

    /// Whether a subscription that nobody pays is left unpaid in the end, and not ended: a setting of an account's.
    pub fn leave_unpaid(&self, leaves: bool) {
        self.lock().leaves_unpaid = leaves;
    }

    /// Bodies of the requests that made something, with the path of each, as they were sent.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, String)> {
        self.lock().requests.iter().map(|(path, body, _)| (path.clone(), body.clone())).collect()
    }

    /// The next requests that change something come to grief on their way: they never arrive, or their answers are lost.
    pub fn lose(&self, loss: Loss, times: u32) {
        self.lock().losses = (loss, times);
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stripe's keys have letters and digits only.
fn alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}
