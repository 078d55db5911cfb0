//! Every way in which a client can ask a model for text, as the tests see it: one list, so that what is promised of a call is
//! asked of all of them, and a new format cannot be left out.
//!
//! A wire is a format together with the provider that serves it in the tests: a format that this provider does not
//! speak is served over chat, or over messages, which is a way of its own through the gateway. What is asked for something
//! other than text is in the list of `whole`.
//!
//! `upstream`: what the provider writes. `answers`: what the client reads. `each`: runs a test with every wire.

mod answers;
mod each;
mod upstream;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use shared::routes::ROUTES;

use crate::world::{MODEL, Route, World};

pub(crate) use each::together;
pub use each::{
    each, each_form, each_form_of_formats, each_form_of_openai, each_form_of_translations, each_format, each_of_openai,
    each_translation, forms,
};

/// The wires. The first one is chat, by which everything is tested that has nothing to do with formats.
pub static WIRES: [Wire; ALL.len()] = ALL;

const ALL: [Wire; 10] = [
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
    model: MODEL,
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
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    /// What a test that fails calls it.
    pub name: &'static str,
    /// The model that its bodies name.
    pub model: &'static str,
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

    /// The environment variable of the provider of its tests.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        format!("{}_{name}", self.provider.to_uppercase())
    }

    /// The body of a short call of its model that says Hello, with further members.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn hello(&self, further: &Value) -> Value {
        self.say("Hello", further)
    }

    /// The body of a call of its model that says this, with further members: `max_tokens` under the format's own name.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn say(&self, text: &str, further: &Value) -> Value {
        let mut body = (self.question)(text);
        let members = body.as_object_mut().expect("an object");
        members.insert("model".to_owned(), json!(self.model));
        for (name, value) in further.as_object().expect("an object") {
            let name = if name == "max_tokens" { self.limit() } else { name };
            members.insert(name.to_owned(), value.clone());
        }
        body
    }
}

impl World {
    /// A call in the wire's format with this key; [`Wire::hello`] makes bodies.
    pub fn call(&self, wire: &Wire, key: &str, body: &Value) -> RequestBuilder {
        self.post(wire.path(), key, body)
    }

    /// From now on the wire's provider, and nobody else, serves the wire's model, and behaves so.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn serves(&self, wire: &Wire, upstream: &str) {
        self.model(wire.model, &[Route::new(wire.provider, upstream)]).await;
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
