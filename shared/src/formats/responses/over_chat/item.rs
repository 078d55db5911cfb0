//! An item of a response while it is written.

use serde_json::{Value, json};

use crate::formats::responses::items::{Call, Part, Summary, Writer};
use crate::formats::responses::tools::{Tool, input_of};

/// An item, and what of it has come.
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its place in the output.
    pub at: usize,
    /// The whole item, once it is.
    pub whole: Option<Value>,
    /// What it is.
    pub content: Content,
}

/// What an item is.
pub enum Content {
    /// What the model has thought.
    Thoughts(Thoughts),
    /// What it says.
    Message(Vec<Said>),
    /// A tool that it calls.
    Call(Calling),
    /// A picture that it has drawn.
    Picture,
}

/// What a model has thought.
#[derive(Default)]
pub struct Thoughts {
    text: String,
    /// In the form in which its provider takes it back.
    pub signed: Vec<Value>,
    /// From where on the text has no signature yet.
    unsigned: usize,
}

/// A part of a message.
pub struct Said {
    /// Whether it says that the model will not.
    pub is_refusal: bool,
    text: String,
    logprobs: Vec<Value>,
}

/// A call while it comes in.
#[derive(Default)]
pub struct Calling {
    /// Its number in the chat.
    pub index: Option<u64>,
    /// Its id in the chat, by which its result names it.
    pub id: String,
    /// What the chat calls the tool.
    pub name: String,
    /// Its arguments so far.
    pub arguments: String,
    /// Whether the client knows of it.
    pub is_told: bool,
}

impl Thoughts {
    /// A piece of them.
    pub fn think(&mut self, id: &str, at: usize, text: &str, writer: &mut Writer) {
        let summary = Summary { item: id, output: at, summary: 0 };
        if self.text.is_empty() {
            summary.added(writer);
        }
        self.text.push_str(text);
        summary.delta(writer, text);
    }

    /// The signature of what has been thought since the last one.
    pub fn sign(&mut self, signature: &str, format: &str) {
        let text = self.text.get(self.unsigned..).unwrap_or_default();
        self.signed.push(json!({ "type": "reasoning.text", "text": text, "signature": signature, "format": format }));
        self.unsigned = self.text.len();
    }

    /// All of them.
    pub fn finish(&self, id: &str, at: usize, sealed: Option<String>, writer: &mut Writer) -> Value {
        let mut summary = Vec::new();
        if !self.text.is_empty() {
            Summary { item: id, output: at, summary: 0 }.done(writer, &self.text);
            summary.push(json!({ "type": "summary_text", "text": self.text }));
        }
        let mut item = json!({ "type": "reasoning", "id": id, "summary": summary });
        if let Some(sealed) = sealed {
            item["encrypted_content"] = json!(sealed);
        }
        item
    }
}

/// The last part of a message, which is of this kind: a new one where the one before was another.
fn part<'a>(said: &'a mut Vec<Said>, is_refusal: bool, part: &Part<'_>, writer: &mut Writer) -> Option<&'a mut Said> {
    if said.last().is_none_or(|last| last.is_refusal != is_refusal) {
        close(said, part, writer);
        said.push(Said { is_refusal, text: String::new(), logprobs: Vec::new() });
        Part { content: said.len() - 1, ..*part }.added(writer, is_refusal);
    }
    said.last_mut()
}

/// Appends to a message what comes of it.
pub fn say(
    said: &mut Vec<Said>,
    (id, at): (&str, usize),
    text: &str,
    is_refusal: bool,
    logprobs: Vec<Value>,
    writer: &mut Writer,
) {
    let place = Part { item: id, output: at, content: said.len() };
    let Some(last) = part(said, is_refusal, &place, writer) else { return };
    last.text.push_str(text);
    let likely = Value::Array(logprobs.clone());
    last.logprobs.extend(logprobs);
    Part { content: said.len() - 1, ..place }.delta(writer, is_refusal, text, &likely);
}

fn close(said: &[Said], part: &Part<'_>, writer: &mut Writer) {
    if let Some(last) = said.last() {
        Part { content: said.len() - 1, ..*part }.done(writer, &last.whole());
    }
}

/// A message that is whole.
pub fn message(said: &[Said], (id, at): (&str, usize), status: &str, writer: &mut Writer) -> Value {
    close(said, &Part { item: id, output: at, content: 0 }, writer);
    let content: Vec<Value> = said.iter().map(Said::whole).collect();
    json!({ "type": "message", "id": id, "role": "assistant", "status": status, "content": content })
}

impl Said {
    fn whole(&self) -> Value {
        if self.is_refusal {
            return json!({ "type": "refusal", "refusal": self.text });
        }
        json!({ "type": "output_text", "text": self.text, "annotations": [], "logprobs": self.logprobs })
    }
}

impl Calling {
    /// Tells the client that the call has begun.
    pub fn tell(&mut self, id: &str, at: usize, tool: Option<&Tool>, writer: &mut Writer) {
        self.is_told = true;
        writer.item_added(at, &self.item(id, tool, "", "in_progress"));
        if !is_custom(tool) {
            Call { item: id, output: at, is_custom: false }.delta(writer, &self.arguments);
        }
    }

    /// More of its arguments has come. A custom tool's text is none before it is whole.
    pub fn go_on(&self, id: &str, at: usize, tool: Option<&Tool>, piece: &str, writer: &mut Writer) {
        if !is_custom(tool) {
            Call { item: id, output: at, is_custom: false }.delta(writer, piece);
        }
    }

    /// Whether it can be run as it is.
    pub fn is_whole(&self) -> bool {
        let arguments = self.arguments.trim();
        !self.name.is_empty() && (arguments.is_empty() || serde_json::from_str::<Value>(arguments).is_ok())
    }

    /// The whole call; `None` where nothing could be run with it.
    pub fn finish(&mut self, id: &str, at: usize, tool: Option<&Tool>, writer: &mut Writer) -> Option<Value> {
        let is_custom = is_custom(tool);
        let call = Call { item: id, output: at, is_custom };
        let name = tool.map_or(self.name.as_str(), |tool| tool.name.as_str());
        let text = if is_custom {
            let text = input_of(&self.arguments)?;
            call.delta(writer, &text);
            text
        } else {
            if self.arguments.is_empty() {
                // Whoever reads them takes them for JSON.
                self.arguments.push_str("{}");
                call.delta(writer, &self.arguments);
            }
            self.arguments.clone()
        };
        call.done(writer, &text, name);
        Some(self.item(id, tool, &text, "completed"))
    }

    fn item(&self, id: &str, tool: Option<&Tool>, text: &str, status: &str) -> Value {
        let (kind, member) =
            if is_custom(tool) { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
        let name = tool.map_or(self.name.as_str(), |tool| tool.name.as_str());
        let mut item =
            json!({ "type": kind, "id": id, "call_id": self.id, "name": name, member: text, "status": status });
        if let Some(namespace) = tool.and_then(|tool| tool.namespace.as_ref()) {
            item["namespace"] = json!(namespace);
        }
        item
    }
}

/// Whether a call is one of a custom tool.
pub fn is_custom(tool: Option<&Tool>) -> bool {
    tool.is_some_and(|tool| tool.is_custom)
}
