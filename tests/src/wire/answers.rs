//! What the client of a wire reads.

use serde_json::{Value, json};
use shared::formats::Format;

use super::{Wire, is_openai};
use crate::world::events;

impl Wire {
    /// How many events the client gets before the first one with text.
    #[must_use]
    pub fn own_events_before_text(&self) -> u64 {
        match (self.format, self.upstream()) {
            (Format::Responses, _) => 4,
            (Format::Messages, Format::Messages) => 3,
            (Format::Messages, _) => 2,
            (Format::Completions, Format::Completions) => 0,
            _ => 1,
        }
    }

    /// Whether every stream ends with its usage, whatever is asked for.
    #[must_use]
    pub fn always_bills(&self) -> bool {
        !is_openai(self.format)
    }

    /// What a client hears while its provider is silent: before the first event, or behind it.
    #[must_use]
    pub fn alive(&self, begun: bool) -> &'static str {
        match self.format {
            Format::Responses if begun => "event: keepalive\ndata: {\"type\":\"keepalive\"}\n\n",
            Format::Messages => "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            _ => ": keep-alive\n\n",
        }
    }

    /// Whether a stream has ended as a complete one does.
    #[must_use]
    pub fn is_over(&self, stream: &str) -> bool {
        let stream = stream.replace('\r', "");
        let last = stream.strip_suffix("\n\n").and_then(|whole| whole.rsplit("\n\n").next());
        last.is_some_and(|last| format!("{last}\n\n").starts_with(self.end()))
    }

    /// What the last event of a stream that is complete begins with.
    #[must_use]
    pub fn end(&self) -> &'static str {
        match self.format {
            Format::Responses => "event: response.completed\n",
            Format::Messages => "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            _ => "data: [DONE]\n\n",
        }
    }

    /// The text of a plain answer's one choice.
    ///
    /// # Panics
    /// When it is an answer in another format, or has no text.
    #[must_use]
    pub fn text(&self, answer: &Value) -> String {
        let named = if self.format == Format::Messages { "type" } else { "object" };
        assert_eq!(answer[named], self.object, "{answer}");
        let message = match &answer["output"] {
            Value::Array(items) => items.iter().find(|item| item["type"] == "message").unwrap_or(&Value::Null),
            _ => answer,
        };
        let text = message.pointer(self.text).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text: {answer}")).to_owned()
    }

    /// The text of each event that has any; together they are the text of the stream's one choice. A line whose end is
    /// not there yet is left out.
    ///
    /// # Panics
    /// When an event is one of another format.
    #[must_use]
    pub fn pieces(&self, stream: &str) -> Vec<String> {
        let whole = &stream[..stream.rfind('\n').map_or(0, |at| at + 1)];
        let events = events(whole).into_iter();
        let text = |event: Value| {
            if is_openai(self.format) {
                assert_eq!(event["object"], self.chunk, "{event}");
            } else {
                assert!(event["type"].is_string(), "{event}");
            }
            if self.format == Format::Responses && event["type"] != "response.output_text.delta" {
                return None;
            }
            event.pointer(self.piece).and_then(Value::as_str).map(ToOwned::to_owned)
        };
        events.filter_map(text).filter(|text| !text.is_empty()).collect()
    }

    /// Why the one choice of a plain answer or of an event has ended, if it has.
    #[must_use]
    pub fn finish<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        if self.format == Format::Messages {
            let reason = answer.pointer("/delta/stop_reason").unwrap_or(&answer["stop_reason"]);
            return reason.as_str().map(|reason| if reason == "end_turn" { "stop" } else { reason });
        }
        if self.format == Format::Responses {
            let response = answer.get("response").unwrap_or(answer);
            return match response["status"].as_str() {
                Some("completed") => Some("stop"),
                Some("incomplete") => Some("length"),
                _ => None,
            };
        }
        answer.pointer("/choices/0/finish_reason").and_then(Value::as_str)
    }

    /// The usage of a plain answer or of an event, in the words of chat; null if it has none, or none with a cost.
    #[must_use]
    pub fn usage(&self, answer: &Value) -> Value {
        let usage = &answer.get("response").unwrap_or(answer)["usage"];
        if is_openai(self.format) || usage["cost"].is_null() {
            return if usage["cost"].is_null() { Value::Null } else { usage.clone() };
        }
        let count = |name: &str| usage[name].as_u64().unwrap_or_default();
        let (read, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
        let (prompt, completion) = (count("input_tokens") + read + written, count("output_tokens"));
        let mut usage = usage.clone();
        usage["prompt_tokens"] = json!(prompt);
        usage["completion_tokens"] = json!(completion);
        usage["total_tokens"] = json!(prompt + completion);
        usage
    }

    /// The error in the last event of a stream that has failed: an event that the SDKs raise, with a finish reason and
    /// without `[DONE]`.
    ///
    /// # Panics
    /// When the stream has not ended so.
    #[must_use]
    pub fn failure(&self, stream: &str) -> Value {
        assert!(!["[DONE]", "message_stop", "response.completed"].iter().any(|end| stream.contains(end)), "{stream}");
        let last = events(stream).pop().expect("an event");
        if self.format == Format::Responses {
            assert_eq!(
                (&last["type"], &last["response"]["status"]),
                (&json!("response.failed"), &json!("failed")),
                "{last}"
            );
            let mut error = last["response"]["error"].clone();
            assert!(error["code"].is_string(), "{last}");
            error["code"] = error["gateway_code"].take();
            return error;
        }
        if self.format == Format::Messages {
            assert_eq!(last["type"], "error", "{last}");
            assert!(last["error"]["code"].is_string() && last["error"]["type"].is_string(), "{last}");
            return last["error"].clone();
        }
        assert_eq!((&last["object"], &last["choices"]), (&json!(self.chunk), &json!([(self.failed)()])), "{last}");
        assert!(last["error"]["code"].is_string(), "{last}");
        last["error"].clone()
    }
}
