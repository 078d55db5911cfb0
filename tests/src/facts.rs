//! What a settlement brings back of its hold.

use serde_json::{Value, json};
use shared::credits::hold::{Hold, HoldFacts};
use shared::credits::settle::{Outcome, Settlement};
use shared::credits::usage::Usage;
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
    let mut facts = json!(hold.facts(Some(provider), own_key, None, 0));
    if begun["units"].is_object() {
        // Which the gateway has from its own request.
        facts["units"] = begun["units"].clone();
    }
    facts
}

/// The settlement of a completed call of ten tokens of prompt and twenty of output, of which nothing else is to be said.
#[must_use]
pub fn settlement(call_id: Uuid, hold: Option<HoldFacts>) -> Settlement {
    Settlement {
        call_id,
        outcome: Outcome::Completed,
        provider: Some("openrouter".to_owned()),
        usage: Some(Usage { prompt: 10, completion: 20, ..Usage::default() }),
        estimated: false,
        charge_hold: false,
        request_id: Some("r".to_owned()),
        error_code: None,
        stream: false,
        first_byte_ms: None,
        duration_ms: 2,
        asked_ms: None,
        attempts: Vec::new(),
        app: None,
        end_user: None,
        tags: Vec::new(),
        metadata: None,
        answer_id: None,
        finish_reason: None,
        hold,
        refused_keys: Vec::new(),
        replayed_call: None,
        idempotency: None,
        turn: None,
        stored_response: None,
    }
}
