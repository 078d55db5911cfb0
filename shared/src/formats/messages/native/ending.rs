//! How a stream ends: why the model has stopped, the usage with its cost, and that nothing follows.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::formats::Bill;
use crate::formats::events::named_event;
use crate::formats::openai::body::GatewayNote;

/// `message_delta` and `message_stop`. All totals stand in the first of them: some clients read no other usage.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn closing_events(
    ending: &Map<String, Value>,
    usage: Box<RawValue>,
    bill: Option<&Bill<'_>>,
) -> serde_json::Result<Bytes> {
    #[derive(Serialize)]
    struct MessageDelta<'a> {
        r#type: &'static str,
        delta: Map<String, Value>,
        usage: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway: Option<GatewayNote<'a>>,
    }
    let mut delta = ending.clone();
    if delta.get("stop_reason").is_none_or(Value::is_null) {
        delta.insert("stop_reason".to_owned(), json!("end_turn"));
    }
    delta.entry("stop_sequence").or_insert(Value::Null);
    let last = MessageDelta { r#type: "message_delta", delta, usage, gateway: bill.map(GatewayNote::of) };
    let mut events = named_event("message_delta", &last)?.to_vec();
    events.extend_from_slice(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    Ok(events.into())
}
