//! What the client gets: a provider's answer with its cost, a stream's last events, and the text in either.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::credits::usage::Usage;
use crate::error::Error;
use crate::money::Nanos;
use crate::object::Object;

/// What we add to an answer, under `gateway`.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayNote<'a> {
    /// Who served it.
    pub provider: &'a str,
    /// The request's name, as in `x-request-id`.
    pub request_id: &'a str,
}

/// What a call used and what that costs.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The tokens.
    pub usage: Usage,
    /// The provider's own `usage`, if it gave one.
    pub reported: Option<Box<RawValue>>,
    /// What is charged.
    pub cost: Nanos,
}

impl Bill {
    /// `usage` as the client sees it: the provider's, with `cost`; or ours, marked `estimated`.
    fn to_usage(&self) -> serde_json::Result<Box<RawValue>> {
        match &self.reported {
            Some(reported) => {
                let mut usage: Object<'_> = serde_json::from_str(reported.get())?;
                usage.set("cost", &self.cost)?;
                serde_json::value::to_raw_value(&usage)
            }
            None => {
                let ours = json!({
                    "prompt_tokens": self.usage.prompt,
                    "completion_tokens": self.usage.completion,
                    "total_tokens": self.usage.total(),
                    "estimated": true,
                })
                .to_string();
                let mut usage: Object<'_> = serde_json::from_str(&ours)?;
                usage.set("cost", &self.cost)?;
                serde_json::value::to_raw_value(&usage)
            }
        }
    }
}

/// A provider's plain answer.
#[derive(Debug)]
pub struct Completion {
    body: Bytes,
    /// Its `usage`, as it stands there.
    pub reported: Option<Box<RawValue>>,
}

impl Completion {
    /// Reads a body that should be a chat completion; `None` when it is not one.
    #[must_use]
    pub fn read(body: Bytes) -> Option<Self> {
        let answer: Object<'_> = serde_json::from_slice(&body).ok()?;
        let has_choices = answer.get("choices").is_some_and(|choices| choices.starts_with('['));
        let has_error = answer.get("error").is_some_and(|error| error != "null");
        if !has_choices || has_error {
            return None;
        }
        let reported = answer.read::<&RawValue>("usage").ok().flatten().map(ToOwned::to_owned);
        Some(Self { body, reported })
    }

    /// The text that the model produced, for counting its tokens.
    #[must_use]
    pub fn text(&self) -> String {
        str::from_utf8(&self.body).map(|body| produced_text([body].into_iter())).unwrap_or_default()
    }

    /// The answer with its cost and who served it.
    ///
    /// # Errors
    /// None in practice: the body was read before.
    pub fn with_bill(&self, bill: &Bill, note: &GatewayNote<'_>) -> serde_json::Result<Bytes> {
        let mut answer: Object<'_> = serde_json::from_slice(&self.body)?;
        answer.set("usage", &bill.to_usage()?)?;
        answer.set("gateway", note)?;
        serde_json::to_vec(&answer).map(Bytes::from)
    }
}

/// The identity that all chunks of a stream share, taken from its first event.
#[derive(Debug, Serialize)]
struct ChunkHead<'a> {
    id: Value,
    object: &'a str,
    created: Value,
    model: Value,
}

fn chunk_head(first_event: Option<&str>) -> ChunkHead<'static> {
    let mut event: Value = first_event.and_then(|event| serde_json::from_str(event).ok()).unwrap_or_default();
    let mut take = |name: &str, instead: Value| event.get_mut(name).map(Value::take).unwrap_or(instead);
    ChunkHead {
        id: take("id", json!("chatcmpl-unknown")),
        object: "chat.completion.chunk",
        created: take("created", json!(0)),
        model: take("model", json!("")),
    }
}

/// The last events of a stream: the usage with its cost, if the client asked for it, and `[DONE]`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn closing_events(
    first_event: Option<&str>,
    bill: Option<&Bill>,
    note: &GatewayNote<'_>,
) -> serde_json::Result<Bytes> {
    #[derive(Serialize)]
    struct UsageChunk<'a> {
        #[serde(flatten)]
        head: ChunkHead<'a>,
        choices: [(); 0],
        usage: Box<RawValue>,
        gateway: &'a GatewayNote<'a>,
    }
    let mut events = String::new();
    if let Some(bill) = bill {
        let chunk = UsageChunk { head: chunk_head(first_event), choices: [], usage: bill.to_usage()?, gateway: note };
        events = format!("data: {}\n\n", serde_json::to_string(&chunk)?);
    }
    events.push_str("data: [DONE]\n\n");
    Ok(events.into())
}

/// The last event of a stream that failed: a chunk with a top-level `error`, which the SDKs raise, and a finish
/// reason, as OpenRouter sends it. No `[DONE]`.
#[must_use]
pub fn error_event(first_event: Option<&str>, error: &Error, mid_event: bool) -> Bytes {
    let head = chunk_head(first_event);
    let chunk = json!({
        "id": head.id, "object": head.object, "created": head.created, "model": head.model,
        "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}],
        "error": error.to_object(),
    });
    let gap = if mid_event { "\n" } else { "" };
    format!("{gap}data: {chunk}\n\n").into()
}

/// The text that a model produced in answers or chunks: content, refusals, reasoning and tool calls.
#[must_use]
pub fn produced_text<'a>(events: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for event in events {
        let Ok(event) = serde_json::from_str::<Event>(event) else { continue };
        for choice in event.choices {
            for message in [choice.delta, choice.message].into_iter().flatten() {
                let reasoning = message.reasoning_content.or(message.reasoning);
                for part in [message.content, message.refusal, reasoning].into_iter().flatten() {
                    text.push_str(&part);
                }
                for call in message.tool_calls.unwrap_or_default() {
                    for part in [call.function.name, call.function.arguments].into_iter().flatten() {
                        text.push_str(&part);
                    }
                }
            }
        }
    }
    text
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Message>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
    reasoning: Option<String>,
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    #[serde(default)]
    function: Function,
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    const NOTE: GatewayNote<'static> = GatewayNote { provider: "chutes", request_id: "r" };

    fn bill(reported: Option<&str>) -> Bill {
        let reported = reported.map(|text| RawValue::from_string(text.to_owned()).expect("json"));
        Bill { usage: Usage { prompt: 3, completion: 4, ..Usage::default() }, reported, cost: Nanos(1500) }
    }

    #[test]
    fn a_plain_answer_keeps_everything_and_gains_its_cost() {
        let body = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0}}"#;
        let completion = Completion::read(Bytes::from(body)).expect("a completion");
        assert_eq!(completion.text(), "hi");
        let bill = Bill { reported: completion.reported.clone(), ..bill(None) };
        let answer = completion.with_bill(&bill, &NOTE).expect("json");
        let expected = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0,"cost":0.0000015},"gateway":{"provider":"chutes","request_id":"r"}}"#;
        assert_eq!(answer, expected);
    }

    #[test]
    fn what_is_not_a_completion_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"choices":null}"#, r#"{"choices":[],"error":{"message":"x"}}"#] {
            assert!(Completion::read(Bytes::from(body)).is_none(), "{body}");
        }
    }

    #[test]
    fn the_last_events_share_the_streams_identity() {
        let first = r#"{"id":"c1","created":5,"model":"m","choices":[]}"#;
        let events = closing_events(Some(first), Some(&bill(None)), &NOTE).expect("json");
        let text = str::from_utf8(&events).expect("utf-8");
        let chunk: Value =
            serde_json::from_str(text.lines().next().expect("a line").trim_start_matches("data: ")).expect("json");
        assert_eq!((&chunk["id"], &chunk["created"], &chunk["choices"]), (&json!("c1"), &json!(5), &json!([])));
        assert_eq!((&chunk["usage"]["estimated"], &chunk["usage"]["total_tokens"]), (&json!(true), &json!(7)));
        assert!(text.ends_with("}\n\ndata: [DONE]\n\n"));
        assert_eq!(closing_events(Some(first), None, &NOTE).expect("json"), "data: [DONE]\n\n");
    }

    #[test]
    fn a_failure_in_the_middle_is_an_event_that_the_sdks_raise() {
        let event = error_event(None, &Error::new(Code::UpstreamError), true);
        let text = str::from_utf8(&event).expect("utf-8");
        let chunk: Value = serde_json::from_str(text.trim().trim_start_matches("data: ")).expect("json");
        assert_eq!(chunk["error"]["code"], "upstream_error");
        assert_eq!(chunk["choices"][0]["finish_reason"], "error");
        assert!(text.starts_with('\n'));
    }

    #[test]
    fn all_that_a_model_writes_is_counted() {
        let events = [
            r#"{"choices":[{"delta":{"role":"assistant","content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"b","reasoning":"b"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"c","arguments":"d"}}]}}]}"#,
            "not json",
        ];
        assert_eq!(produced_text(events.into_iter()), "abcd");
    }
}
