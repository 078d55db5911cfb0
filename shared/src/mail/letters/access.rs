//! Mail about keys, sign-ins and webhooks.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Says, dollars, moment};
use crate::mail::letter::Letter;
use crate::money::Nanos;

const NOT_YOU: &str = "If this was not you, revoke the keys that you do not know and sign in anew.";

/// An API key as its owner knows it.
#[derive(Deserialize)]
struct Key {
    name: String,
    prefix: String,
    last_four: String,
}

impl Key {
    fn shown(&self) -> String {
        format!("{}…{}", self.prefix, self.last_four)
    }

    fn rows(self) -> Vec<(&'static str, String)> {
        let shown = self.shown();
        vec![("Name", self.name), ("Key", shown)]
    }
}

/// Keys to which the same has happened: how many, and the first of them.
fn rows_of(keys: Vec<Key>, count: usize, at: Timestamp) -> Vec<(&'static str, String)> {
    let more = count.saturating_sub(keys.len());
    let mut rows = match <[Key; 1]>::try_from(keys) {
        Ok([key]) => key.rows(),
        Err(keys) => keys.into_iter().map(|key| ("Key", format!("{} ({})", key.name, key.shown()))).collect(),
    };
    if more > 0 {
        rows.push(("And", format!("{more} more")));
    }
    rows.push(("When", moment(at)));
    rows
}

#[derive(Deserialize)]
pub(super) struct KeyCreated {
    count: usize,
    keys: Vec<Key>,
    at: Timestamp,
}

impl Says for KeyCreated {
    fn says(self, _: &str) -> Letter {
        let (subject, words) = if self.count == 1 {
            ("A new API key was made".to_owned(), "Your account has a new API key.")
        } else {
            (format!("{} new API keys were made", self.count), "Your account has new API keys.")
        };
        Letter {
            subject,
            paragraphs: vec![words.to_owned()],
            rows: rows_of(self.keys, self.count, self.at),
            note: Some(NOT_YOU),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct KeyRotated {
    count: usize,
    keys: Vec<Key>,
    at: Timestamp,
}

impl Says for KeyRotated {
    fn says(self, _: &str) -> Letter {
        let (subject, words) = if self.count == 1 {
            (
                "An API key has a new secret".to_owned(),
                "An API key of your account was given a new secret. The former one works until its end.",
            )
        } else {
            (
                format!("{} API keys have new secrets", self.count),
                "API keys of your account were given new secrets. The former ones work until their end.",
            )
        };
        Letter {
            subject,
            paragraphs: vec![words.to_owned()],
            rows: rows_of(self.keys, self.count, self.at),
            note: Some(NOT_YOU),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct KeyExpiring {
    key: Key,
    days: u32,
    expires_at: Timestamp,
}

impl Says for KeyExpiring {
    fn says(self, site: &str) -> Letter {
        let mut rows = self.key.rows();
        rows.push(("Until", moment(self.expires_at)));
        let time = if self.days == 1 { "a day".to_owned() } else { format!("{} days", self.days) };
        Letter {
            subject: format!("An API key expires in {time}"),
            paragraphs: vec!["From then on whatever calls with it is refused.".to_owned()],
            rows,
            action: Some(("Your keys", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SpendLimit {
    key: Key,
    step: u32,
    spent: Nanos,
    limit: Nanos,
    period: Option<String>,
    at: Timestamp,
}

impl Says for SpendLimit {
    fn says(self, site: &str) -> Letter {
        let mut rows = self.key.rows();
        rows.extend([("Spent", dollars(self.spent)), ("Limit", dollars(self.limit))]);
        rows.extend(self.period.as_ref().map(|period| ("In each", period.clone())));
        rows.push(("When", moment(self.at)));
        let until = match &self.period {
            Some(period) => format!("until the next {period} begins (in UTC), or its limit is raised"),
            None => "until its limit is raised".to_owned(),
        };
        let (subject, words) = if self.step < 100 {
            (
                format!("An API key has used {}% of its spend limit", self.step),
                format!("Once it has used all of it, calls with this key are refused {until}."),
            )
        } else {
            (
                "An API key is at its spend limit".to_owned(),
                format!("Calls that it does not cover any more are refused {until}."),
            )
        };
        Letter {
            subject,
            paragraphs: vec![words],
            rows,
            action: Some(("Your keys", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ProviderKeyRefused {
    provider: String,
    /// What its owner calls it.
    name: Option<String>,
    /// Unknown in what was queued by a version that told of providers only.
    last_four: Option<String>,
    at: Timestamp,
}

impl Says for ProviderKeyRefused {
    fn says(self, _: &str) -> Letter {
        let hint = self.last_four.map(|last_four| format!("…{last_four}"));
        let key: Vec<String> = self.name.into_iter().chain(hint).collect();
        let mut rows = vec![("Provider", self.provider)];
        rows.extend((!key.is_empty()).then(|| ("Key", key.join(" "))));
        rows.push(("When", moment(self.at)));
        Letter {
            subject: "Your own key was refused by its provider".to_owned(),
            paragraphs: vec![
                "Calls that went by this key go by your next one, if there is one that may serve them; else they fail. Replace the \
                 key, or delete it to use ours, which costs credit."
                    .to_owned(),
            ],
            rows,
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct NewSignIn {
    method: Option<String>,
    network: String,
    user_agent: Option<String>,
    at: Timestamp,
}

impl Says for NewSignIn {
    fn says(self, _: &str) -> Letter {
        let mut rows = vec![("When", moment(self.at)), ("Network", self.network)];
        rows.extend(self.method.map(|method| ("By", method)));
        rows.extend(self.user_agent.map(|agent| ("Program", agent)));
        Letter {
            subject: "A sign-in from a new place".to_owned(),
            paragraphs: vec![
                "Somebody signed in to your account from a network that we have not seen lately.".to_owned(),
            ],
            rows,
            note: Some(NOT_YOU),
            ..Letter::default()
        }
    }
}

/// A code to sign in with. No row holds it: see [`crate::sign_in::code`].
#[derive(Deserialize)]
pub(super) struct SignInCode {
    code: String,
}

impl Says for SignInCode {
    fn says(self, _: &str) -> Letter {
        Letter {
            subject: "Your code to sign in".to_owned(),
            code: Some(self.code),
            paragraphs: vec![
                "It is valid for 10 minutes and can be used once. Nobody of ours will ever ask you for it.".to_owned(),
            ],
            note: Some("If you did not ask for it, ignore this mail."),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WebhookDisabled {
    site: String,
    reason: String,
    failing_since: Option<Timestamp>,
    at: Timestamp,
}

impl Says for WebhookDisabled {
    fn says(self, _: &str) -> Letter {
        let why = match self.reason.as_str() {
            "gone" => "It answered 410, by which a server says that it wants no more.",
            _ => "It has taken nothing for three days.",
        };
        let mut rows = vec![("At", self.site)];
        rows.extend(self.failing_since.map(|since| ("Failing since", moment(since))));
        rows.push(("Switched off", moment(self.at)));
        Letter {
            subject: "A webhook was switched off".to_owned(),
            paragraphs: vec![
                format!("One of your webhooks is told nothing any more. {why}"),
                "Its deliveries say what was wrong. Once it is mended switch it on again, and replay what it has missed."
                    .to_owned(),
            ],
            rows,
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Test {
    at: Timestamp,
}

impl Says for Test {
    fn says(self, _: &str) -> Letter {
        Letter {
            subject: "A test".to_owned(),
            paragraphs: vec!["This is the mail that you asked for: mail reaches you.".to_owned()],
            rows: vec![("When", moment(self.at))],
            ..Letter::default()
        }
    }
}
