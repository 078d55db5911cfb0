//! The events of a response out of the chunks of a chat.
//!
//! A chat's calls may come mixed, so several are open at once, told apart by their places in the output.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::item::{Calling, Content, Item, Thoughts, is_custom, message, say};
use super::sealed;
use crate::formats::chat::pieces::{CallPiece, Piece, pieces};
use crate::formats::events::{Broken, Reader, Verdict, event_of};
use crate::formats::responses::head::{Head, note_limit};
use crate::formats::responses::items::Writer;
use crate::formats::responses::pictures;
use crate::formats::responses::tools::Tools;

/// How Anthropic's thoughts are called where they are to go back.
const FORMAT: &str = "anthropic-claude-v1";

/// What must be known of the request where the answer is read.
#[derive(Clone)]
pub struct Reading {
    /// What the response repeats.
    pub head: Head,
    /// The tools, by which calls are told.
    pub tools: Tools,
    /// Whether the client keeps for the model what it has thought.
    pub seals: bool,
    /// Whether the output limit is what the credit buys.
    pub credit_limited: bool,
}

/// Makes items of a chat's choice.
pub struct Output {
    reading: Reading,
    writer: Writer,
    items: Vec<Item>,
    /// The item that is not a call and is open.
    open: Option<usize>,
    begun: bool,
    /// Why the response is not complete, and whether it is over.
    incomplete: Option<&'static str>,
    over: bool,
}

impl Output {
    /// Of an answer that is to be read so.
    pub fn new(reading: Reading) -> Self {
        Self {
            reading,
            writer: Writer::default(),
            items: Vec::new(),
            open: None,
            begun: false,
            incomplete: None,
            over: false,
        }
    }

    /// The number of the next event.
    pub const fn next_number(&self) -> u64 {
        self.writer.next()
    }

    /// The response as it is by now.
    pub fn response(&self, status: Option<&str>) -> Map<String, Value> {
        let status = status.unwrap_or(if self.incomplete.is_some() { "incomplete" } else { "completed" });
        let output = self.items.iter().filter_map(|item| item.whole.clone()).collect();
        let mut response = self.reading.head.response(status, output);
        if let Some(reason) = self.incomplete {
            response.insert("incomplete_details".to_owned(), json!({ "reason": reason }));
            note_limit(&mut response, self.reading.credit_limited);
        }
        response
    }

    /// Whether anything has come.
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// The items by now, of a message that has not come to its end what has; with thoughts in the form in which their provider takes
    /// them back, whether the client has asked for it or not.
    pub fn so_far(&self) -> Vec<Value> {
        let one = |item: &Item| match (&item.whole, &item.content) {
            (Some(whole), Content::Thoughts(thoughts)) if !thoughts.signed.is_empty() => {
                let mut whole = whole.clone();
                whole["encrypted_content"] = json!(sealed::seal(&thoughts.signed));
                Some(whole)
            }
            (Some(whole), _) => Some(whole.clone()),
            (None, Content::Message(said)) => {
                Some(message(said, (&item.id, item.at), "incomplete", &mut Writer::default()))
            }
            (None, _) => None,
        };
        self.items.iter().filter_map(one).collect()
    }

    /// The events of a chunk, or of a whole chat completion.
    ///
    /// # Errors
    /// [`Broken::Garbled`] when a call cannot be read: a client would run something else.
    pub fn take(&mut self, mut chunk: Map<String, Value>) -> Result<Vec<Value>, Broken> {
        if !self.begun {
            self.begun = true;
            self.writer.begin(&self.reading.head.response("in_progress", Vec::new()));
        }
        let choices = match chunk.remove("choices") {
            Some(Value::Array(choices)) => choices,
            _ => Vec::new(),
        };
        for choice in choices {
            // More than one answer is never asked for.
            if self.over || choice.get("index").and_then(Value::as_u64).unwrap_or_default() > 0 {
                continue;
            }
            let mut logprobs = match choice.pointer("/logprobs/content") {
                Some(Value::Array(tokens)) => tokens.clone(),
                _ => Vec::new(),
            };
            if let Some(Value::Object(said)) = choice.get("delta").or_else(|| choice.get("message")) {
                pieces(said).into_iter().for_each(|piece| self.piece(piece, &mut logprobs));
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.finish(reason)?;
            }
        }
        Ok(self.writer.take())
    }

    fn piece(&mut self, piece: Piece, logprobs: &mut Vec<Value>) {
        match piece {
            Piece::Call(call) => self.call(call),
            Piece::Text(text) => self.say(&text, false, std::mem::take(logprobs)),
            Piece::Refusal(text) => self.say(&text, true, Vec::new()),
            Piece::Picture(url) => self.draw(&url),
            Piece::Thought(text) => {
                self.think(|thoughts, id, at, writer| thoughts.think(id, at, &text, writer));
            }
            Piece::Signature(signature) => self.think(|thoughts, _, _, _| thoughts.sign(&signature, FORMAT)),
            Piece::Redacted(data) => self.think(|thoughts, _, _, _| {
                thoughts.signed.push(json!({ "type": "reasoning.encrypted", "data": data, "format": FORMAT }));
            }),
        }
    }

    /// Adds to the thoughts that are open, or to new ones where none are.
    fn think(&mut self, add: impl FnOnce(&mut Thoughts, &str, usize, &mut Writer)) {
        let is_open = self.open.is_some_and(|at| matches!(self.items[at].content, Content::Thoughts(_)));
        if !is_open {
            self.close("completed");
            let (id, at) = self.begin("rs", Content::Thoughts(Thoughts::default()));
            self.writer.item_added(at, &json!({ "type": "reasoning", "id": id, "summary": [] }));
            self.open = Some(at);
        }
        let Some(item) = self.open.and_then(|at| self.items.get_mut(at)) else { return };
        if let Content::Thoughts(thoughts) = &mut item.content {
            add(thoughts, &item.id, item.at, &mut self.writer);
        }
    }

    fn say(&mut self, text: &str, is_refusal: bool, logprobs: Vec<Value>) {
        let is_open = self.open.is_some_and(|at| matches!(self.items[at].content, Content::Message(_)));
        if !is_open {
            self.close("completed");
            let (id, at) = self.begin("msg", Content::Message(Vec::new()));
            let item =
                json!({ "type": "message", "id": id, "role": "assistant", "status": "in_progress", "content": [] });
            self.writer.item_added(at, &item);
            self.open = Some(at);
        }
        let Some(item) = self.open.and_then(|at| self.items.get_mut(at)) else { return };
        if let Content::Message(said) = &mut item.content {
            say(said, (&item.id, item.at), text, is_refusal, logprobs, &mut self.writer);
        }
    }

    /// A picture is whole at once.
    fn draw(&mut self, url: &str) {
        self.close("completed");
        let (id, at) = self.begin("ig", Content::Picture);
        let mut whole = pictures::item(url);
        whole["id"] = json!(id);
        self.writer.item(at, &whole);
        self.items[at].whole = Some(whole);
    }

    fn call(&mut self, piece: CallPiece) {
        self.close("completed");
        let at = self.place(&piece);
        let Some(item) = self.items.get_mut(at) else { return };
        let Content::Call(call) = &mut item.content else { return };
        if let Some(id) = piece.id.filter(|_| call.id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = piece.name.filter(|_| call.name.is_empty()) {
            call.name = name;
        }
        call.arguments.push_str(&piece.arguments);
        let tool = self.reading.tools.called(&call.name);
        if call.is_told {
            call.go_on(&item.id, item.at, tool, &piece.arguments, &mut self.writer);
        } else if !call.name.is_empty() {
            if call.id.is_empty() {
                call.id = self.reading.head.name.of_item("call", at);
            }
            if is_custom(tool) {
                item.id = self.reading.head.name.of_item("ctc", at);
            }
            call.tell(&item.id, item.at, tool, &mut self.writer);
        }
    }

    /// Which call a piece belongs to: the one of its index; without one the one of its id; without either the last.
    fn place(&mut self, piece: &CallPiece) -> usize {
        let calls = self.items.iter().filter_map(|item| match &item.content {
            Content::Call(call) => Some((item.at, call)),
            _ => None,
        });
        let mut calls = calls.rev();
        let known = match (piece.index, &piece.id) {
            (Some(index), _) => calls.find(|(_, call)| call.index == Some(index)),
            (None, Some(id)) => calls.find(|(_, call)| call.id == *id),
            (None, None) => calls.next(),
        };
        if let Some((at, _)) = known {
            return at;
        }
        self.begin("fc", Content::Call(Calling { index: piece.index, ..Calling::default() })).1
    }

    fn begin(&mut self, kind: &str, content: Content) -> (String, usize) {
        let at = self.items.len();
        let id = self.reading.head.name.of_item(kind, at);
        self.items.push(Item { id: id.clone(), at, whole: None, content });
        (id, at)
    }

    /// Closes the item that is open and no call.
    fn close(&mut self, status: &str) {
        let Some(item) = self.open.take().and_then(|at| self.items.get_mut(at)) else { return };
        let whole = match &item.content {
            Content::Thoughts(thoughts) => {
                let seals = self.reading.seals && !thoughts.signed.is_empty();
                let sealed = seals.then(|| sealed::seal(&thoughts.signed));
                thoughts.finish(&item.id, item.at, sealed, &mut self.writer)
            }
            Content::Message(said) => message(said, (&item.id, item.at), status, &mut self.writer),
            Content::Call(_) | Content::Picture => return,
        };
        self.writer.item_done(item.at, &whole);
        item.whole = Some(whole);
    }

    fn finish(&mut self, reason: &str) -> Result<(), Broken> {
        self.over = true;
        self.incomplete = match reason {
            "length" => Some("max_output_tokens"),
            "content_filter" => Some("content_filter"),
            _ => None,
        };
        self.close(if self.incomplete.is_some() { "incomplete" } else { "completed" });
        for item in &mut self.items {
            let Content::Call(call) = &mut item.content else { continue };
            let tool = self.reading.tools.called(&call.name);
            if self.incomplete.is_some() && !call.is_whole() {
                // What the limit has cut off is no call.
                continue;
            }
            let whole = if call.is_told { call.finish(&item.id, item.at, tool, &mut self.writer) } else { None };
            let whole = whole.ok_or(Broken::Garbled)?;
            self.writer.item_done(item.at, &whole);
            item.whole = Some(whole);
        }
        Ok(())
    }
}

impl Reader for Output {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        let chunk = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        let events = self.take(chunk)?;
        if events.is_empty() {
            return Ok(Verdict::Drop);
        }
        Ok(Verdict::Replace(events.iter().flat_map(event_of).collect()))
    }
}
