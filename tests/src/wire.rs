//! Every way in which a client can ask a model for text, as the tests see it: one list, so that what is promised of a call is
//! asked of all of them, and a new format cannot be left out.
//!
//! A wire is a format together with the provider that serves it in the tests: a format that this provider does not
//! speak is served over chat, or over messages, which is a way of its own through the gateway. What is asked for something
//! other than text is in the list of `whole`.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use shared::routes::ROUTES;

use crate::world::{MODEL, Route, World, events};

/// The wires. The first one is chat, by which everything is tested that has nothing to do with formats.
pub static WIRES: [Wire; 10] = [
    Wire { name: "chat", provider: "openrouter", ..CHAT },
    Wire { name: "text completions", provider: "openrouter", ..TEXTS },
    Wire { name: "text completions over chat", provider: "portkey", ..TEXTS },
    Wire { name: "messages", provider: "anthropic", ..MESSAGES },
    Wire { name: "messages over chat", provider: "portkey", ..MESSAGES },
    Wire { name: "chat over messages", provider: "anthropic", ..CHAT },
    Wire { name: "text completions over messages", provider: "anthropic", ..TEXTS },
    Wire { name: "responses", provider: "openrouter", ..RESPONSES },
    Wire { name: "responses over chat", provider: "portkey", ..RESPONSES },
    Wire { name: "responses over messages", provider: "anthropic", ..RESPONSES },
];

const CHAT: Wire = Wire {
    name: "",
    provider: "",
    format: Format::Chat,
    route: "v1_chat_completions",
    prompt_tokens: 6,
    question: |text| json!({ "messages": [{ "role": "user", "content": text }] }),
    text: "/choices/0/message/content",
    piece: "/choices/0/delta/content",
    object: "chat.completion",
    chunk: "chat.completion.chunk",
    failed: || json!({ "index": 0, "delta": {}, "finish_reason": "error" }),
};

const TEXTS: Wire = Wire {
    format: Format::Completions,
    route: "v1_completions",
    prompt_tokens: 5,
    question: |text| json!({ "prompt": text }),
    text: "/choices/0/text",
    piece: "/choices/0/text",
    object: "text_completion",
    chunk: "text_completion",
    failed: || json!({ "index": 0, "text": "", "logprobs": null, "finish_reason": "error" }),
    ..CHAT
};

const MESSAGES: Wire = Wire {
    format: Format::Messages,
    route: "v1_messages",
    prompt_tokens: 5,
    question: |text| json!({ "max_tokens": 4096, "messages": [{ "role": "user", "content": text }] }),
    text: "/content/0/text",
    piece: "/delta/text",
    object: "message",
    chunk: "",
    failed: || Value::Null,
    ..CHAT
};

const RESPONSES: Wire = Wire {
    format: Format::Responses,
    route: "v1_responses",
    prompt_tokens: 5,
    question: |text| json!({ "input": text }),
    // Behind what the model has thought, if it has.
    text: "/content/0/text",
    piece: "/delta",
    object: "response",
    chunk: "",
    failed: || Value::Null,
    ..CHAT
};

/// A format as a client speaks it, and who serves it.
#[derive(Debug)]
pub struct Wire {
    /// What a test that fails calls it.
    pub name: &'static str,
    /// Who serves the model in the tests of this wire.
    pub provider: &'static str,
    /// What the client speaks.
    pub format: Format,
    /// The name of its route in the route table.
    pub route: &'static str,
    /// What the gateway counts for a prompt that says Hello, where the provider does not say: a token, four for each
    /// turn, and in chat one more for the line's end.
    pub prompt_tokens: u64,
    question: fn(&str) -> Value,
    /// Where a plain answer, and where an event, has its text.
    text: &'static str,
    piece: &'static str,
    /// `object` of a plain answer, and of an event.
    object: &'static str,
    chunk: &'static str,
    failed: fn() -> Value,
}

impl Wire {
    /// Where it is asked.
    ///
    /// # Panics
    /// When the route table does not have it.
    #[must_use]
    pub fn path(&self) -> &'static str {
        ROUTES.iter().find(|route| route.name == self.route).expect("a route").paths[0]
    }

    /// In which format the provider of its tests is asked.
    ///
    /// # Panics
    /// When the provider table does not have it.
    #[must_use]
    pub fn upstream(&self) -> Format {
        let provider = PROVIDERS.iter().find(|row| row.name == self.provider).expect("a provider");
        let spoken = [self.format, Format::Chat, Format::Messages];
        spoken
            .into_iter()
            .find(|format| provider.path(*format).is_some())
            .expect("a format into which all is translated")
    }

    /// How many events of its provider's stream come before the first one with text: in chat, one brings the role; a
    /// message begins, its first block does, and there is a ping; a response begins and is under way, and so do its first
    /// item and the item's first part.
    #[must_use]
    pub fn events_before_text(&self) -> u64 {
        match self.upstream() {
            Format::Chat => 1,
            Format::Messages => 3,
            Format::Responses => 4,
            _ => 0,
        }
    }

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

    /// Whether it can be asked for several answers at once.
    #[must_use]
    pub fn has_choices(&self) -> bool {
        is_openai(self.format) && is_openai(self.upstream())
    }

    /// The members that ask for the usage at a stream's end, or say that it is not wanted.
    #[must_use]
    pub fn with_usage(&self, wanted: bool) -> Value {
        match self.format {
            // It always comes.
            Format::Messages | Format::Responses => json!({}),
            _ => json!({ "stream_options": { "include_usage": wanted } }),
        }
    }

    /// Puts instructions before what a body says.
    ///
    /// # Panics
    /// When the format knows no conversation.
    pub fn instruct(&self, body: &mut Value, instructions: &str) {
        match self.format {
            Format::Messages => body["system"] = json!(instructions),
            Format::Responses => body["instructions"] = json!(instructions),
            _ => body["messages"]
                .as_array_mut()
                .expect("messages")
                .insert(0, json!({ "role": "system", "content": instructions })),
        }
    }

    /// The members that offer a tool of this name.
    #[must_use]
    pub fn with_tool(&self, name: &str) -> Value {
        let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
        match self.format {
            Format::Messages => json!({ "tools": [{ "name": name, "input_schema": schema }] }),
            Format::Responses => json!({ "tools": [{ "type": "function", "name": name, "parameters": schema }] }),
            _ => json!({ "tools": [{ "type": "function", "function": { "name": name, "parameters": schema } }] }),
        }
    }

    /// The message that answers a tool's call.
    #[must_use]
    pub fn tool_result(&self, id: &str, result: &str) -> Value {
        match self.format {
            Format::Messages => json!({ "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": id, "content": result }] }),
            Format::Responses => json!({ "type": "function_call_output", "call_id": id, "output": result }),
            _ => json!({ "role": "tool", "tool_call_id": id, "content": result }),
        }
    }

    /// The member that the prompt is.
    #[must_use]
    pub fn prompt(&self) -> &'static str {
        match self.format {
            Format::Chat | Format::Messages => "messages",
            Format::Completions => "prompt",
            _ => "input",
        }
    }

    /// The member that limits the output.
    #[must_use]
    pub fn limit(&self) -> &'static str {
        if self.format == Format::Responses { "max_output_tokens" } else { "max_tokens" }
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

    /// What ends its provider's stream.
    #[must_use]
    pub fn upstream_end(&self) -> &'static str {
        match self.upstream() {
            Format::Messages => {
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
            }
            Format::Responses => {
                "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n"
            }
            _ => "data: [DONE]\n\n",
        }
    }

    /// An event of its provider's as it is written.
    #[must_use]
    pub fn upstream_frame(&self, event: &Value) -> String {
        let name = event["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
        format!("{name}data: {event}\n\n")
    }

    /// An event with this text as its provider writes it.
    #[must_use]
    pub fn upstream_event(&self, text: &str) -> Value {
        let (object, choice) = match self.upstream() {
            Format::Messages => {
                let delta = json!({ "type": "text_delta", "text": text });
                return json!({ "type": "content_block_delta", "index": 0, "delta": delta });
            }
            Format::Responses => {
                return json!({ "type": "response.output_text.delta", "sequence_number": 4, "item_id": "m",
                    "output_index": 0, "content_index": 0, "delta": text });
            }
            Format::Chat => (CHAT.chunk, json!({ "index": 0, "delta": { "content": text }, "finish_reason": null })),
            _ => (TEXTS.chunk, json!({ "index": 0, "text": text, "finish_reason": null })),
        };
        json!({ "id": "c", "object": object, "created": 1, "model": "m", "choices": [choice] })
    }

    /// Its provider's event that ends the choice of this number.
    #[must_use]
    pub fn upstream_finish(&self, index: u64, reason: &str) -> Value {
        let mut event = self.upstream_event("");
        event["choices"][0]["index"] = json!(index);
        event["choices"][0]["finish_reason"] = json!(reason);
        event
    }

    /// A plain answer with this text as its provider writes it.
    #[must_use]
    pub fn upstream_answer(&self, text: &str) -> Value {
        let (object, choice) = match self.upstream() {
            Format::Chat => (CHAT.object, json!({ "message": { "role": "assistant", "content": text } })),
            Format::Messages => {
                return json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                    "content": [{ "type": "text", "text": text }] });
            }
            Format::Responses => {
                let part = json!({ "type": "output_text", "text": text, "annotations": [] });
                let message = json!({ "type": "message", "id": "m", "role": "assistant", "content": [part] });
                return json!({ "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed",
                    "output": [message] });
            }
            _ => (TEXTS.object, json!({ "text": text, "logprobs": null })),
        };
        let mut answer = json!({ "id": "c", "object": object, "created": 1, "model": "m", "choices": [choice] });
        answer["choices"][0]["index"] = json!(0);
        answer["choices"][0]["finish_reason"] = json!("stop");
        answer
    }

    /// The environment variable of the provider of its tests.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        format!("{}_{name}", self.provider.to_uppercase())
    }

    /// The body of a short call of [`MODEL`] that says Hello, with further members.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn hello(&self, further: &Value) -> Value {
        self.say("Hello", further)
    }

    /// The body of a call of [`MODEL`] that says this, with further members: `max_tokens` under the format's own name.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn say(&self, text: &str, further: &Value) -> Value {
        let mut body = (self.question)(text);
        let members = body.as_object_mut().expect("an object");
        members.insert("model".to_owned(), json!(MODEL));
        for (name, value) in further.as_object().expect("an object") {
            let name = if name == "max_tokens" { self.limit() } else { name };
            members.insert(name.to_owned(), value.clone());
        }
        body
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

impl World {
    /// A call in the wire's format with this key; [`Wire::hello`] makes bodies.
    pub fn call(&self, wire: &Wire, key: &str, body: &Value) -> RequestBuilder {
        self.post(wire.path(), key, body)
    }

    /// From now on the wire's provider, and nobody else, serves [`MODEL`], and behaves so.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn serves(&self, wire: &Wire, upstream: &str) {
        self.model(MODEL, &[Route::new(wire.provider, upstream)]).await;
    }
}

/// One wire of every format of text.
pub fn formats() -> impl Iterator<Item = &'static Wire> {
    Format::ALL.iter().filter_map(|format| WIRES.iter().find(|wire| wire.format == *format))
}

/// The wires on which both sides speak a format of choices, which many providers speak each in its own way.
pub fn openai() -> impl Iterator<Item = &'static Wire> {
    WIRES.iter().filter(|wire| is_openai(wire.format) && is_openai(wire.upstream()))
}

/// Whether a format is one of OpenAI's older ones, whose answers are choices.
const fn is_openai(format: Format) -> bool {
    matches!(format, Format::Chat | Format::Completions)
}

/// Runs a test with each of [`openai`]'s wires, as [`each`] does.
///
/// # Panics
/// When the test does, and then says with which wire.
pub async fn each_of_openai(test: impl AsyncFn(&'static Wire)) {
    futures_util::future::join_all(openai().map(|wire| with(wire, "", test(wire)))).await;
}

/// Runs a test with each of [`openai`]'s wires for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wire, and of which kind.
pub async fn each_form_of_openai(test: impl AsyncFn(&'static Wire, bool)) {
    let test = &test;
    let forms = openai().flat_map(|wire| [(wire, false), (wire, true)]);
    let runs = forms.map(|(wire, stream)| {
        with(wire, if stream { ", streamed" } else { ", plain" }, async move { test(wire, stream).await })
    });
    futures_util::future::join_all(runs).await;
}

/// Each wire for a plain answer and for a stream.
pub fn forms() -> impl Iterator<Item = (&'static Wire, bool)> {
    WIRES.iter().flat_map(|wire| [(wire, false), (wire, true)])
}

/// Runs a test with each wire, all at the same time, so that what waits does so once.
///
/// # Panics
/// When the test does, and then says with which wire.
pub async fn each(test: impl AsyncFn(&'static Wire)) {
    futures_util::future::join_all(WIRES.iter().map(|wire| with(wire, "", test(wire)))).await;
}

/// Runs a test with each wire for plain answers and for streams, as [`each`] does.
///
/// # Panics
/// When the test does, and then says with which wire, and of which kind.
pub async fn each_form(test: impl AsyncFn(&'static Wire, bool)) {
    let test = &test;
    let runs = forms().map(|(wire, stream)| {
        with(wire, if stream { ", streamed" } else { ", plain" }, async move { test(wire, stream).await })
    });
    futures_util::future::join_all(runs).await;
}

async fn with(wire: &Wire, form: &str, test: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(test).catch_unwind().await {
        eprintln!("with the wire: {}{form}", wire.name);
        std::panic::resume_unwind(panic);
    }
}
