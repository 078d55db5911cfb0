//! What OpenRouter's clients want of an answer besides: members that its SDKs insist on, or will not have null
//! (openrouter.ai/docs, "Chat completion"; the schemas of its AI SDK provider).

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde_json::value::{RawValue, to_raw_value};

use super::usage::figure;
use crate::formats::Bill;
use crate::object::Object;

/// Members of a chunk that may be absent but not be null.
static NOT_NULL: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| ["\"usage\"", "\"system_fingerprint\"", "\"tool_calls\"", "\"role\""].map(Finder::new));

/// Events of a stream without the nulls that OpenRouter's SDK does not take. They need not be parsed: where a text quotes a name,
/// its quotes are escaped.
#[must_use]
pub fn without_nulls(events: Bytes) -> Bytes {
    NOT_NULL.iter().fold(events, |events, name| without_null(name, &events).map_or(events, Bytes::from))
}

/// The events without this member where it is null; `None` where it nowhere is.
fn without_null(name: &Finder<'_>, events: &[u8]) -> Option<Vec<u8>> {
    let mut kept: Option<Vec<u8>> = None;
    let mut from = 0;
    for at in name.find_iter(events) {
        let value = events[at + name.needle().len()..].trim_ascii_start();
        let Some(behind) =
            value.strip_prefix(b":").map(<[u8]>::trim_ascii_start).and_then(|it| it.strip_prefix(b"null"))
        else {
            continue;
        };
        let kept = kept.get_or_insert_with(|| Vec::with_capacity(events.len()));
        kept.extend_from_slice(&events[from..at]);
        let behind = behind.trim_ascii_start();
        from = events.len() - behind.len();
        if behind.first() == Some(&b',') {
            from += 1;
        } else {
            // The last of its object: the comma before it goes.
            kept.truncate(kept.trim_ascii_end().len());
            kept.truncate(kept.strip_suffix(b",").map_or(kept.len(), <[u8]>::len));
        }
    }
    kept.map(|mut kept| {
        kept.extend_from_slice(&events[from..]);
        kept
    })
}

/// A plain answer as OpenRouter's clients read it.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn plain(body: &[u8]) -> serde_json::Result<Bytes> {
    let mut answer: Object<'_> = serde_json::from_slice(body)?;
    if answer.get("system_fingerprint").is_none() {
        answer.set("system_fingerprint", &())?;
    }
    let choices: Vec<&RawValue> = answer.read("choices")?.unwrap_or_default();
    let choices = choices.into_iter().map(choice).collect::<Result<Vec<_>, _>>()?;
    answer.set("choices", &choices)?;
    serde_json::to_vec(&answer).map(Bytes::from)
}

/// A choice with the provider's own reason why it ended, which is the one that we pass on.
fn choice(json: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let mut choice: Object<'_> = serde_json::from_str(json.get())?;
    let reason = choice.get("finish_reason").map(|reason| RawValue::from_string(reason.to_owned())).transpose()?;
    if let Some(reason) = reason.filter(|_| choice.get("native_finish_reason").is_none()) {
        choice.set("native_finish_reason", &reason)?;
    }
    if let Some(mut message) = choice.read::<Object<'_>>("message")?
        && message.get("tool_calls") == Some("null")
    {
        message.remove("tool_calls");
        let message = to_raw_value(&message)?;
        choice.set("message", &message)?;
    }
    to_raw_value(&choice)
}

/// `usage` with its details, which have figures where they are there at all, and whether an own key has paid.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn usage(billed: &RawValue, bill: &Bill<'_>) -> serde_json::Result<Box<RawValue>> {
    let mut usage: Object<'_> = serde_json::from_str(billed.get())?;
    let details = [
        ("prompt_tokens_details", "cached_tokens", bill.usage.cached),
        ("completion_tokens_details", "reasoning_tokens", bill.usage.reasoning),
    ];
    for (name, member, tokens) in details {
        let mut details = usage.read::<Object<'_>>(name).ok().flatten().unwrap_or_default();
        details.remove_nulls();
        if figure(&details, &[member]).is_none() {
            details.set(member, &tokens)?;
        }
        let details = to_raw_value(&details)?;
        usage.set(name, &details)?;
    }
    usage.set("is_byok", &bill.own_key)?;
    to_raw_value(&usage)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::credits::usage::Usage;

    #[test]
    fn a_plain_answer_has_what_openrouters_sdks_insist_on() {
        let body = json!({ "id": "a", "choices": [
            { "index": 0, "finish_reason": "stop", "message": { "content": "hi", "tool_calls": null } },
            { "index": 1, "finish_reason": "length", "native_finish_reason": "MAX_TOKENS", "message": {} },
        ] });
        let told: Value = serde_json::from_slice(&plain(body.to_string().as_bytes()).expect("json")).expect("json");
        assert_eq!(told["system_fingerprint"], Value::Null);
        assert!(told.get("system_fingerprint").is_some());
        assert_eq!(told["choices"][0]["native_finish_reason"], "stop");
        assert_eq!(told["choices"][0]["message"], json!({ "content": "hi" }));
        assert_eq!(told["choices"][1]["native_finish_reason"], "MAX_TOKENS");
    }

    #[test]
    fn a_streams_chunks_have_no_null_that_may_not_be_one() {
        for (event, told) in [
            (r#"{"a":1,"usage":null}"#, r#"{"a":1}"#),
            (r#"{"usage" : null , "a":1}"#, r#"{ "a":1}"#),
            (r#"{"usage":null}"#, "{}"),
            (
                r#"{"choices":[{"delta":{"role":null,"tool_calls":null},"b":null}],"system_fingerprint":null}"#,
                r#"{"choices":[{"delta":{},"b":null}]}"#,
            ),
            (r#"{"usage":{"cost":null},"role":"user"}"#, r#"{"usage":{"cost":null},"role":"user"}"#),
            (r#"{"content":"\"usage\":null,"}"#, r#"{"content":"\"usage\":null,"}"#),
        ] {
            let event = format!("data: {event}\n\n: ping\n\n");
            assert_eq!(without_nulls(Bytes::from(event)), format!("data: {told}\n\n: ping\n\n"));
        }
    }

    #[test]
    fn usage_has_details_with_figures_and_says_who_has_paid() {
        let counted = Usage { prompt: 9, cached: 4, completion: 5, reasoning: 2, ..Usage::default() };
        let bill = Bill { own_key: true, ..Bill::of(counted) };
        let billed = json!({ "prompt_tokens": 9, "prompt_tokens_details": { "cached_tokens": null, "audio_tokens": 1 },
                             "cost": 0.5 });
        let billed = to_raw_value(&billed).expect("json");
        let told: Value = serde_json::from_str(usage(&billed, &bill).expect("json").get()).expect("json");
        assert_eq!(
            told,
            json!({ "prompt_tokens": 9, "prompt_tokens_details": { "cached_tokens": 4, "audio_tokens": 1 }, "cost": 0.5,
                    "completion_tokens_details": { "reasoning_tokens": 2 }, "is_byok": true })
        );
    }
}
