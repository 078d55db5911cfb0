//! What transactions of this process have queued for others to hear: their answers say so in a header, and it is sent behind the act
//! that caused it. The cron jobs send whatever is left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use uuid::Uuid;

/// Mail is queued (`gateway.say_due` in the database).
const MAIL: &str = "x-mail-due";

/// Something is queued for webhooks: of the account that is named, or of several.
const WEBHOOKS: &str = "x-webhooks-due";

/// What is queued, and not yet in the hands of whoever sends it.
#[derive(Default)]
pub struct Queued {
    mail: AtomicBool,
    webhooks: Mutex<Option<Receivers>>,
}

/// Whose webhooks are to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receivers {
    /// Those of this account.
    Of(Uuid),
    /// Those of more than one.
    OfSeveral,
}

impl Receivers {
    fn with(self, other: Self) -> Self {
        if self == other { self } else { Self::OfSeveral }
    }
}

impl Queued {
    /// Notes what the headers of a database's answer say.
    pub fn note(&self, headers: &HeaderMap) {
        if headers.contains_key(MAIL) {
            self.mail.store(true, Ordering::Relaxed);
        }
        if let Some(named) = headers.get(WEBHOOKS) {
            let account = named.to_str().ok().and_then(|account| account.parse().ok());
            let told = account.map_or(Receivers::OfSeveral, Receivers::Of);
            let mut webhooks = self.webhooks();
            *webhooks = Some(webhooks.map_or(told, |others| others.with(told)));
        }
    }

    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        self.mail.load(Ordering::Relaxed) || self.webhooks().is_some()
    }

    /// Whether there is mail, asked by whoever sends it then.
    pub fn take_mail(&self) -> bool {
        self.mail.swap(false, Ordering::Relaxed)
    }

    /// Whose webhooks are to be told, asked by whoever tells them then.
    pub fn take_webhooks(&self) -> Option<Receivers> {
        self.webhooks().take()
    }

    fn webhooks(&self) -> MutexGuard<'_, Option<Receivers>> {
        self.webhooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn webhooks_of_one_account_are_told_alone_and_those_of_two_with_all() {
        let queued = Queued::default();
        let note = |account: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(WEBHOOKS, HeaderValue::from_str(account).expect("a header"));
            queued.note(&headers);
        };
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(!queued.is_any() && queued.take_webhooks().is_none());
        note(&one.to_string());
        note(&one.to_string());
        assert!(queued.is_any() && !queued.take_mail());
        assert_eq!((queued.take_webhooks(), queued.take_webhooks()), (Some(Receivers::Of(one)), None));
        note(&one.to_string());
        note(&other.to_string());
        assert_eq!(queued.take_webhooks(), Some(Receivers::OfSeveral));
        note("several");
        assert_eq!(queued.take_webhooks(), Some(Receivers::OfSeveral));
    }
}
