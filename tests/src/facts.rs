//! What a settlement brings back of its hold.

use serde_json::{Value, json};
use shared::credits::hold::Hold;

/// A settlement's `hold`, as the gateway makes it of begin_request's answer for a call that `provider` served.
///
/// # Panics
/// When the answer is none.
#[must_use]
pub fn facts(begun: &Value, provider: &str) -> Value {
    let hold: Hold = serde_json::from_value(begun.clone()).expect("an answer");
    json!(hold.facts(Some(provider)))
}
