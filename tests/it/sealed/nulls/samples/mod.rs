//! A call of every function of the API that takes an argument, by area.

mod account;
mod admin;
mod auto_topup;
mod calls;
pub(super) mod catalog;
mod chats;
mod coupons;
mod keys;
mod notifications;
mod openrouter;
mod payments;
mod plans;
mod platform;
mod referrals;
mod sign_in;
mod webhooks;

use serde_json::{Value, json};

use super::Scene;

/// A moment that is over.
const HOUR: &str = "2026-01-01T00:00:00Z";

/// A call of a function that does what it is for.
pub(super) struct Sample {
    pub(super) function: &'static str,
    pub(super) arguments: Value,
    /// Arguments, and members of arguments, that may be null: each says something by it.
    pub(super) nullable: &'static [&'static str],
    /// Values that are out of range, by where they are.
    pub(super) wrong: Vec<(&'static str, Value)>,
}

fn sample(function: &'static str, arguments: Value, nullable: &'static [&'static str]) -> Sample {
    Sample { function, arguments, nullable, wrong: Vec::new() }
}

/// The query of a page.
fn page(mut query: Value) -> Value {
    query["limit"] = json!(2);
    query
}

/// A key as it is stored, whose hash is told.
fn stored(hash: &str) -> Value {
    json!({"hash": hash, "prefix": "gw_live_", "last_four": "abcd", "name": "new", "environment": "live"})
}

impl Scene {
    /// All of them.
    pub(super) fn samples(&self) -> Vec<Sample> {
        [
            self.of_calls(),
            self.of_catalog(),
            self.of_accounts(),
            self.of_keys(),
            self.of_chats(),
            self.of_sign_in(),
            self.of_admins(),
            self.of_payments(),
            self.of_platform(),
            self.of_auto_topups(),
            self.of_plans(),
            self.of_coupons(),
            self.of_referrals(),
            self.of_notifications(),
            self.of_openrouter(),
            self.of_webhooks(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
