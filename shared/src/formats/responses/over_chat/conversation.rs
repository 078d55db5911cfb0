//! The items of an input as the messages of a chat.

use serde_json::{Value, json};

use super::sealed;
use crate::formats::responses::pictures::{PICTURE, url_of};
use crate::formats::responses::tools::{Tools, arguments_of};

/// A chat as it is taken over.
pub struct Conversation<'a> {
    /// The messages so far.
    pub messages: Vec<Value>,
    /// The tools, by whose names calls are told.
    pub tools: &'a Tools,
    /// Whether the provider takes back what a model has thought: as text, or as its own provider signed it.
    pub takes_text: bool,
    pub takes_signed: bool,
    /// Whether a model gets back what it has drawn.
    pub takes_pictures: bool,
    /// Whether its templates take instructions only at the beginning.
    pub system_first: bool,
    turn: Turn,
    /// Images and files of tools' results: no message of a tool holds them.
    shown: Vec<Value>,
}

/// What the model has said in a turn: thoughts, a message and calls are one message of a chat.
#[derive(Default)]
struct Turn {
    thoughts: String,
    signed: Vec<Value>,
    text: String,
    refusal: String,
    images: Vec<Value>,
    calls: Vec<Value>,
}

impl<'a> Conversation<'a> {
    /// One that has not begun.
    pub fn new(tools: &'a Tools) -> Self {
        Self {
            messages: Vec::new(),
            tools,
            takes_text: false,
            takes_signed: false,
            takes_pictures: false,
            system_first: false,
            turn: Turn::default(),
            shown: Vec::new(),
        }
    }

    /// Instructions. Those at the beginning are one message, since the templates of open models take no second one.
    pub fn system(&mut self, text: &str) {
        self.over();
        match self.messages.as_mut_slice() {
            [first] if first["role"] == "system" => {
                let before = first["content"].as_str().unwrap_or_default().to_owned();
                first["content"] = json!(format!("{before}\n\n{text}"));
            }
            [_, ..] if self.system_first => {
                self.messages.push(json!({ "role": "user", "content": format!("<system>\n{text}\n</system>") }));
            }
            _ => self.messages.push(json!({ "role": "system", "content": text })),
        }
    }

    /// What the user says.
    pub fn user(&mut self, content: Value) {
        self.over();
        self.messages.push(json!({ "role": "user", "content": content }));
    }

    /// One item of the input.
    pub fn item(&mut self, item: &Value) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        match item.get("type").and_then(Value::as_str).unwrap_or("message") {
            "message" => self.message(item),
            kind @ ("function_call" | "custom_tool_call") => {
                let name = self.tools.chat_name(item.get("namespace").and_then(Value::as_str), text("name"));
                let arguments =
                    if kind == "function_call" { text("arguments").to_owned() } else { arguments_of(text("input")) };
                self.show();
                self.turn.calls.push(json!({ "id": item["call_id"], "type": "function",
                    "function": { "name": name, "arguments": arguments } }));
            }
            "function_call_output" | "custom_tool_call_output" => {
                self.end_turn();
                let (texts, others): (Vec<Value>, Vec<Value>) =
                    parts(item.get("output")).into_iter().partition(|part| part["type"] == "text");
                let said: Vec<&str> = texts.iter().filter_map(|part| part["text"].as_str()).collect();
                self.messages
                    .push(json!({ "role": "tool", "tool_call_id": item["call_id"], "content": said.join("\n\n") }));
                self.shown.extend(others);
            }
            "reasoning" => {
                self.show();
                if !self.turn.text.is_empty() || !self.turn.calls.is_empty() {
                    self.end_turn();
                }
                for name in ["content", "summary"] {
                    let texts = item.get(name).and_then(Value::as_array);
                    let said: String = texts.into_iter().flatten().filter_map(|part| part["text"].as_str()).collect();
                    if self.turn.thoughts.is_empty() {
                        self.turn.thoughts = said;
                    }
                }
                self.turn.signed.extend(sealed::open(text("encrypted_content")));
            }
            PICTURE => {
                if let Some(url) = url_of(item).filter(|_| self.takes_pictures) {
                    self.show();
                    self.turn.images.push(json!({ "type": "image_url", "image_url": { "url": url } }));
                }
            }
            // What tools at a provider brought is in the text that followed.
            _ => {}
        }
    }

    fn message(&mut self, item: &Value) {
        let parts = parts(item.get("content"));
        match item.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => self.system(&joined(&parts)),
            Some("assistant") => {
                self.show();
                if !self.turn.calls.is_empty() {
                    self.end_turn();
                }
                for part in parts {
                    let said = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
                    self.turn.text.push_str(said("text"));
                    self.turn.refusal.push_str(said("refusal"));
                }
            }
            _ => self.user(together(parts)),
        }
    }

    /// The turn of the model is over, and so are the results of its tools.
    fn over(&mut self) {
        self.end_turn();
        self.show();
    }

    /// The end of the input.
    pub fn end(&mut self) {
        self.over();
    }

    fn end_turn(&mut self) {
        let turn = std::mem::take(&mut self.turn);
        if turn.text.is_empty() && turn.refusal.is_empty() && turn.images.is_empty() && turn.calls.is_empty() {
            return;
        }
        self.show();
        let content = if turn.text.is_empty() { Value::Null } else { json!(turn.text) };
        let mut message = json!({ "role": "assistant", "content": content });
        if !turn.refusal.is_empty() {
            message["refusal"] = json!(turn.refusal);
        }
        if !turn.images.is_empty() {
            message["images"] = Value::Array(turn.images);
        }
        if self.takes_signed && !turn.signed.is_empty() {
            message["reasoning_details"] = Value::Array(turn.signed);
        }
        if !turn.calls.is_empty() {
            message["tool_calls"] = Value::Array(turn.calls);
            if self.takes_text && !turn.thoughts.is_empty() {
                message["reasoning_content"] = json!(turn.thoughts);
            }
        }
        self.messages.push(message);
    }

    /// Says behind the last result of a run what a tool's message cannot hold.
    fn show(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if !shown.is_empty() {
            self.messages.push(json!({ "role": "user", "content": shown }));
        }
    }
}

/// A content as the parts of a chat's.
fn parts(content: Option<&Value>) -> Vec<Value> {
    match content {
        Some(Value::String(text)) => vec![json!({ "type": "text", "text": text })],
        Some(Value::Array(parts)) => parts.iter().filter_map(part).collect(),
        _ => Vec::new(),
    }
}

fn part(part: &Value) -> Option<Value> {
    Some(match part.get("type").and_then(Value::as_str)? {
        "input_image" => {
            let mut image = json!({ "url": part["image_url"] });
            match part.get("detail").and_then(Value::as_str) {
                // As large as it came is nothing that chat could ask for.
                Some("original") => image["detail"] = json!("high"),
                Some(detail) => image["detail"] = json!(detail),
                None => {}
            }
            json!({ "type": "image_url", "image_url": image })
        }
        "input_file" => {
            let name = part.get("filename").cloned().unwrap_or_else(|| json!("document.pdf"));
            json!({ "type": "file", "file": { "filename": name, "file_data": part["file_data"] } })
        }
        "input_audio" => json!({ "type": "input_audio", "input_audio": part["input_audio"] }),
        "refusal" => json!({ "type": "refusal", "refusal": part["refusal"] }),
        _ => json!({ "type": "text", "text": part["text"] }),
    })
}

fn joined(parts: &[Value]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    texts.join("\n\n")
}

/// The parts as a content: one text where they are nothing else, which every model takes.
fn together(parts: Vec<Value>) -> Value {
    if parts.iter().all(|part| part["type"] == "text") { json!(joined(&parts)) } else { Value::Array(parts) }
}
