//! How a stream of chunks ends: with the usage and its cost, or with an error.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Shape;
use super::billed::billed;
use super::body::GatewayNote;
use super::usage::Reported;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::formats::Bill;

/// The identity that all chunks of a stream share, taken from its first event.
#[derive(Debug, Serialize)]
struct ChunkHead<'a> {
    id: Value,
    object: &'a str,
    created: Value,
    model: Value,
}

fn chunk_head<S: Shape>(first_event: Option<&str>) -> ChunkHead<'static> {
    let mut event: Value = first_event.and_then(|event| serde_json::from_str(event).ok()).unwrap_or_default();
    let mut take = |name: &str, instead: Value| event.get_mut(name).map(Value::take).unwrap_or(instead);
    ChunkHead {
        id: take("id", json!(S::NO_ID)),
        object: S::CHUNK,
        created: take("created", json!(0)),
        model: take("model", json!("")),
    }
}

/// The last events of a stream: the usage with its cost, if the client asked for it, and `[DONE]`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn closing_events<S: Shape>(
    first_event: Option<&str>,
    reported: &Reported,
    bill: Option<&Bill<'_>>,
    dialect: Dialect,
) -> serde_json::Result<Bytes> {
    #[derive(Serialize)]
    struct UsageChunk<'a> {
        #[serde(flatten)]
        head: ChunkHead<'a>,
        choices: [(); 0],
        usage: Box<RawValue>,
        gateway: GatewayNote<'a>,
    }
    let mut events = String::new();
    if let Some(bill) = bill {
        let usage = billed(reported, bill, dialect)?;
        let chunk =
            UsageChunk { head: chunk_head::<S>(first_event), choices: [], usage, gateway: GatewayNote::of(bill) };
        events = format!("data: {}\n\n", serde_json::to_string(&chunk)?);
    }
    events.push_str("data: [DONE]\n\n");
    Ok(events.into())
}

/// The last event of a stream that failed: a chunk with a top-level `error`, which the SDKs raise, and a finish
/// reason, as OpenRouter sends it. No `[DONE]`.
#[must_use]
pub fn error_event<S: Shape>(first_event: Option<&str>, error: &Error, dialect: Dialect) -> Bytes {
    let head = chunk_head::<S>(first_event);
    let chunk = json!({
        "id": head.id, "object": head.object, "created": head.created, "model": head.model,
        "choices": [S::failed_choice()],
        "error": dialect.error(error),
    });
    format!("data: {chunk}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::usage::Usage;
    use crate::error::Code;
    use crate::formats::chat::Chat;
    use crate::money::Nanos;

    #[test]
    fn the_last_events_share_the_streams_identity() {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        let bill = Bill { estimated: true, cost: Nanos(1500), provider: "chutes", ..Bill::of(usage) };
        let first = r#"{"id":"c1","created":5,"model":"m","choices":[]}"#;
        let events =
            closing_events::<Chat>(Some(first), &Reported::default(), Some(&bill), Dialect::OpenAi).expect("json");
        let text = str::from_utf8(&events).expect("utf-8");
        let chunk: Value =
            serde_json::from_str(text.lines().next().expect("a line").trim_start_matches("data: ")).expect("json");
        assert_eq!((&chunk["id"], &chunk["created"], &chunk["choices"]), (&json!("c1"), &json!(5), &json!([])));
        assert_eq!((&chunk["usage"]["estimated"], &chunk["usage"]["total_tokens"]), (&json!(true), &json!(7)));
        assert_eq!(chunk["gateway"], json!({"provider": "chutes", "upstream_model": "up", "request_id": "r"}));
        assert!(text.ends_with("}\n\ndata: [DONE]\n\n"));
        let unasked = closing_events::<Chat>(Some(first), &Reported::default(), None, Dialect::OpenAi);
        assert_eq!(unasked.expect("json"), "data: [DONE]\n\n");
    }

    #[test]
    fn a_failure_in_the_middle_is_an_event_that_the_sdks_raise() {
        for (dialect, code) in [(Dialect::OpenAi, json!("upstream_error")), (Dialect::OpenRouter, json!(502))] {
            let event = error_event::<Chat>(None, &Error::new(Code::UpstreamError), dialect);
            let text = str::from_utf8(&event).expect("utf-8");
            let chunk: Value = serde_json::from_str(text.trim().trim_start_matches("data: ")).expect("json");
            assert_eq!(chunk["error"]["code"], code);
            assert_eq!(chunk["choices"][0]["finish_reason"], "error");
        }
    }
}
