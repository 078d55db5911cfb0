//! What a settlement brings back of its hold.

use serde_json::{Value, json};
use shared::credits::hold::Hold;
use uuid::Uuid;

/// A settlement's `hold`, as the gateway makes it of begin_request's answer for a call that `provider` served.
///
/// # Panics
/// When the answer is none.
#[must_use]
pub fn facts(begun: &Value, provider: &str) -> Value {
    facts_with(begun, provider, None)
}

/// The same where this key of the caller's own has served it, by its id.
///
/// # Panics
/// When the answer is none.
#[must_use]
pub fn facts_with(begun: &Value, provider: &str, own_key: Option<Uuid>) -> Value {
    let hold: Hold = serde_json::from_value(begun.clone()).expect("an answer");
    let mut facts = json!(hold.facts(Some(provider), own_key));
    if begun["units"].is_object() {
        // Which the gateway has from its own request.
        facts["units"] = begun["units"].clone();
    }
    facts
}
