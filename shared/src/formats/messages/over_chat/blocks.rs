//! The events of a message out of the chunks of a chat.
//!
//! A message's blocks follow one another, and no two are open at once. A chat's calls may come mixed: the first one goes
//! out as it comes, and of the others each when it is whole.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::request::Reading;
use crate::formats::chat::pieces::{CallPiece, Piece, pieces};
use crate::formats::events::{Broken, Reader, Verdict, event_of};

/// Makes blocks of a chat's choice.
pub struct Blocks {
    reading: Reading,
    events: Vec<Value>,
    begun: bool,
    /// The index of the next block.
    next: u64,
    open: Option<Open>,
    calls: Vec<Call>,
    /// Text after the calls have begun, which goes out when they are over.
    later: VecDeque<Piece>,
    /// Whether the model has said that it will not.
    refused: bool,
    stop_reason: Option<&'static str>,
}

/// The block that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// The first call.
    Call,
}

#[derive(Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Blocks {
    /// Of an answer that is to be read so.
    pub fn new(reading: Reading) -> Self {
        Self {
            reading,
            events: Vec::new(),
            begun: false,
            next: 0,
            open: None,
            calls: Vec::new(),
            later: VecDeque::new(),
            refused: false,
            stop_reason: None,
        }
    }

    /// Why the model has stopped, once it has.
    pub const fn stop_reason(&self) -> Option<&'static str> {
        self.stop_reason
    }

    /// The events of a chunk, or of a whole chat completion.
    ///
    /// # Errors
    /// [`Broken::Garbled`] when a call cannot be read: a client would run something else.
    pub fn take(&mut self, mut chunk: Map<String, Value>) -> Result<Vec<Value>, Broken> {
        if !self.begun {
            self.begun = true;
            self.begin(&chunk);
        }
        let choices = match chunk.remove("choices") {
            Some(Value::Array(choices)) => choices,
            _ => Vec::new(),
        };
        for choice in choices {
            // More than one answer is never asked for.
            if self.stop_reason.is_some() || choice.get("index").and_then(Value::as_u64).unwrap_or_default() > 0 {
                continue;
            }
            if let Some(Value::Object(said)) = choice.get("delta").or_else(|| choice.get("message")) {
                self.refused |= said.get("refusal").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
                pieces(said).into_iter().for_each(|piece| self.piece(piece));
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.finish(reason)?;
            }
        }
        Ok(std::mem::take(&mut self.events))
    }

    fn begin(&mut self, chunk: &Map<String, Value>) {
        let id = chunk.get("id").and_then(Value::as_str).unwrap_or("unknown");
        let model = &self.reading.model;
        let message = json!({ "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": model,
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 0, "output_tokens": 0 } });
        self.events.push(json!({ "type": "message_start", "message": message }));
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Call(call) => self.call(call),
            piece if self.calls.is_empty() => self.said(piece),
            piece => self.later.push_back(piece),
        }
    }

    fn said(&mut self, piece: Piece) {
        match piece {
            Piece::Thought(_) | Piece::Signature(_) | Piece::Redacted(_) if self.reading.hides_thoughts => {}
            Piece::Thought(thought) => {
                self.open(Open::Thinking, || json!({ "type": "thinking", "thinking": "", "signature": "" }));
                self.delta(json!({ "type": "thinking_delta", "thinking": thought }));
            }
            Piece::Signature(signature) => {
                self.open(Open::Thinking, || json!({ "type": "thinking", "thinking": "", "signature": "" }));
                self.delta(json!({ "type": "signature_delta", "signature": signature }));
            }
            Piece::Redacted(data) => {
                self.close();
                self.start(json!({ "type": "redacted_thinking", "data": data }));
                self.stop();
            }
            Piece::Text(text) | Piece::Refusal(text) => {
                self.open(Open::Text, || json!({ "type": "text", "text": "" }));
                self.delta(json!({ "type": "text_delta", "text": text }));
            }
            // It is asked for text: a message has no place for pictures.
            Piece::Picture(_) => {}
            Piece::Call(call) => self.call(call),
        }
    }

    /// Of the first call what has come goes out; of the others it is kept.
    fn call(&mut self, piece: CallPiece) {
        let at = self.place(&piece);
        let Some(call) = self.calls.get_mut(at) else { return };
        call.id = piece.id.filter(|_| call.id.is_empty()).unwrap_or_else(|| std::mem::take(&mut call.id));
        call.name = piece.name.filter(|_| call.name.is_empty()).unwrap_or_else(|| std::mem::take(&mut call.name));
        call.arguments.push_str(&piece.arguments);
        if at > 0 {
            return;
        }
        let (is_known, so_far) = (!call.name.is_empty(), call.arguments.clone());
        match self.open {
            Some(Open::Call) => self.arguments(&piece.arguments),
            _ if is_known => {
                self.close();
                self.start_call(0);
                self.open = Some(Open::Call);
                self.arguments(&so_far);
            }
            _ => {}
        }
    }

    /// Which call a piece belongs to: the one of its index; without one the one of its id; without either the last.
    fn place(&mut self, piece: &CallPiece) -> usize {
        let known = match (piece.index, &piece.id) {
            (Some(index), _) => self.calls.iter().position(|call| call.index == Some(index)),
            (None, Some(id)) => self.calls.iter().position(|call| call.id == *id),
            (None, None) => self.calls.len().checked_sub(1),
        };
        known.unwrap_or_else(|| {
            self.calls.push(Call { index: piece.index, ..Call::default() });
            self.calls.len() - 1
        })
    }

    fn finish(&mut self, reason: &str) -> Result<(), Broken> {
        let cut_off = reason == "length";
        let whole = |call: &Call| {
            let arguments = call.arguments.trim();
            !call.name.is_empty()
                && (arguments.is_empty() || serde_json::from_str::<Map<String, Value>>(arguments).is_ok())
        };
        if !cut_off && !self.calls.iter().all(whole) {
            return Err(Broken::Garbled);
        }
        if self.open != Some(Open::Call) {
            self.calls.retain(whole);
            self.close();
            (0..self.calls.len()).for_each(|at| self.whole_call(at));
        } else {
            self.close();
            let others: Vec<usize> = (1..self.calls.len()).filter(|at| whole(&self.calls[*at])).collect();
            others.into_iter().for_each(|at| self.whole_call(at));
        }
        while let Some(piece) = self.later.pop_front() {
            self.said(piece);
        }
        self.close();
        self.stop_reason = Some(match reason {
            "length" => "max_tokens",
            "content_filter" => "refusal",
            _ if self.refused => "refusal",
            // Some providers stop and mean that tools are to be called.
            _ if !self.calls.is_empty() => "tool_use",
            _ => "end_turn",
        });
        Ok(())
    }

    fn whole_call(&mut self, at: usize) {
        self.start_call(at);
        if let Some(arguments) = self.calls.get(at).map(|call| call.arguments.clone()) {
            self.arguments(&arguments);
        }
        self.stop();
    }

    fn start_call(&mut self, at: usize) {
        let Some(call) = self.calls.get(at) else { return };
        let name = self.reading.names.own(&call.name);
        let id = if call.id.is_empty() { format!("toolu_{at}") } else { call.id.clone() };
        let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
        self.start(block);
    }

    fn arguments(&mut self, arguments: &str) {
        if !arguments.is_empty() {
            self.delta(json!({ "type": "input_json_delta", "partial_json": arguments }));
        }
    }

    fn open(&mut self, kind: Open, block: impl FnOnce() -> Value) {
        if self.open != Some(kind) {
            self.close();
            self.start(block());
            self.open = Some(kind);
        }
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.stop();
        }
    }

    fn start(&mut self, block: Value) {
        self.events.push(json!({ "type": "content_block_start", "index": self.next, "content_block": block }));
    }

    fn delta(&mut self, delta: Value) {
        self.events.push(json!({ "type": "content_block_delta", "index": self.next, "delta": delta }));
    }

    fn stop(&mut self) {
        self.events.push(json!({ "type": "content_block_stop", "index": self.next }));
        self.next += 1;
    }
}

impl Reader for Blocks {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        let chunk = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        let events = self.take(chunk)?;
        if events.is_empty() {
            return Ok(Verdict::Drop);
        }
        Ok(Verdict::Replace(events.iter().flat_map(event_of).collect()))
    }
}

#[cfg(test)]
mod tests;
