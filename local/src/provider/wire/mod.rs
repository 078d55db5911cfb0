//! A completion on the wire: the plain object and the events of a stream, of either format.

mod chat;
mod embeddings;
mod images;
mod messages;
mod rerank;
mod responses;
mod speech;
mod text;
mod transcription;

pub(super) use messages::SIGNATURE;
pub(super) use responses::SEALED;
use serde_json::{Map, Value, json};
pub(super) use speech::sound;
pub(super) use transcription::text as transcript;

use super::{
    answer::{Answer, Choice, Usage},
    error::ApiError,
    format::Format,
    tokens::Piece,
    vendor::Vendor,
};

/// What is the same in the answer and in all its chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) vendor: Vendor,
    pub(super) format: Format,
    /// Makes the ids unique.
    pub(super) serial: u64,
    /// Unix seconds.
    pub(super) created: u64,
}

/// When usage is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reporting {
    /// In a plain answer; in a stream if `stream_options.include_usage` asks for it, as the last chunk.
    AsAsked,
    Never,
    /// In a stream on every chunk, counting up.
    EveryChunk,
}

/// One event of a stream.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// What stands after `event: `, if that line is there.
    pub(super) name: Option<String>,
    /// What stands after `data: `.
    pub(super) data: String,
    /// Whether it brings text, reasoning or part of a tool call.
    pub(super) content: bool,
}

impl Event {
    /// The end of every stream that is complete.
    pub(super) fn done() -> Self {
        Self { name: None, data: "[DONE]".to_owned(), content: false }
    }

    /// An event of a message or of a response, which is named by its own `type`.
    pub(super) fn of(data: &Value, content: bool) -> Self {
        let name = data.get("type").and_then(Value::as_str).map(str::to_owned);
        Self { name, data: data.to_string(), content }
    }

    /// The event as it is written, with these line ends.
    pub(super) fn lines(&self, end: &str) -> String {
        let name = self.name.as_ref().map(|name| format!("event: {name}{end}")).unwrap_or_default();
        format!("{name}data: {}{end}{end}", self.data)
    }
}

/// One choice's part of a chunk.
struct Delta {
    /// Its members besides `index`, `logprobs` and `finish_reason`.
    body: Value,
    logprobs: Value,
    tokens: u64,
    reasoning: u64,
    image: u64,
    content: bool,
    finish: Option<&'static str>,
}

impl Delta {
    fn new(body: Value, tokens: u64) -> Self {
        Self { body, logprobs: Value::Null, tokens, reasoning: 0, image: 0, content: true, finish: None }
    }
}

impl Envelope {
    fn id(self) -> String {
        format!("{}{:020x}", self.format.id_prefix(self.vendor), self.serial)
    }

    /// The plain answer.
    pub(super) fn plain(self, answer: &Answer, reporting: Reporting) -> Value {
        match self.format {
            Format::Messages => return messages::plain(self, answer, reporting),
            Format::Responses => return responses::plain(self, answer, reporting),
            Format::Embeddings => return embeddings::plain(self, answer, reporting),
            Format::Rerank => return rerank::plain(self, answer, reporting),
            Format::Images | Format::OwnImages | Format::Edits => return images::plain(self, answer, reporting),
            Format::Transcription | Format::Translation => return transcription::plain(self, answer, reporting),
            // It is no JSON.
            Format::Speech => return Value::Null,
            Format::Chat | Format::Text => {}
        }
        let choice = |(index, choice): (usize, &Choice)| {
            let (body, logprobs) = match self.format {
                Format::Chat => (chat::message(self, index, choice), Value::Null),
                _ => (text::whole(self, choice), text::logprobs(choice)),
            };
            in_choice(body, index, logprobs, Some(choice.finish))
        };
        let choices: Vec<_> = answer.choices.iter().enumerate().map(choice).collect();
        let mut body = json!({
            "id": self.id(),
            "object": self.format.object(),
            "created": self.created,
            "model": answer.model,
            "choices": choices,
        });
        if reporting != Reporting::Never {
            body["usage"] = usage(answer.usage);
        }
        body
    }

    /// The events of a stream, the closing `[DONE]` included. The choices take turns, chunk by chunk.
    pub(super) fn events(self, answer: &Answer, include_usage: bool, reporting: Reporting) -> Vec<Event> {
        match self.format {
            Format::Messages => return messages::events(self, answer, reporting),
            Format::Responses => return responses::events(self, answer, reporting),
            Format::Images | Format::OwnImages | Format::Edits => return images::events(self, answer, reporting),
            Format::Transcription | Format::Translation => return transcription::events(self, answer, reporting),
            Format::Speech => return speech::events(answer, reporting),
            _ => {}
        }
        let deltas = |(index, choice)| match self.format {
            Format::Chat => chat::deltas(self, index, choice).into_iter(),
            _ => text::deltas(self, choice).into_iter(),
        };
        let mut deltas: Vec<_> = answer.choices.iter().enumerate().map(deltas).collect();
        let mut order = Vec::new();
        loop {
            let round: Vec<_> =
                deltas.iter_mut().enumerate().filter_map(|(index, deltas)| Some((index, deltas.next()?))).collect();
            if round.is_empty() {
                break;
            }
            order.extend(round);
        }
        let mut so_far = Usage { completion: 0, reasoning: 0, image: 0, ..answer.usage };
        let mut events: Vec<_> = order
            .into_iter()
            .map(|(index, delta)| {
                let choice = in_choice(delta.body, index, delta.logprobs, delta.finish);
                let mut chunk = self.chunk(answer, json!([choice]));
                so_far.completion += delta.tokens;
                so_far.reasoning += delta.reasoning;
                so_far.image += delta.image;
                match reporting {
                    Reporting::EveryChunk => chunk["usage"] = usage(so_far),
                    Reporting::AsAsked if include_usage => chunk["usage"] = Value::Null,
                    Reporting::AsAsked | Reporting::Never => {}
                }
                Event { name: None, data: chunk.to_string(), content: delta.content }
            })
            .collect();
        if include_usage && reporting != Reporting::Never {
            let mut chunk = self.chunk(answer, json!([]));
            chunk["usage"] = usage(answer.usage);
            events.push(Event { name: None, data: chunk.to_string(), content: false });
        }
        events.push(Event::done());
        events
    }

    fn chunk(self, answer: &Answer, choices: Value) -> Value {
        json!({
            "id": self.id(),
            "object": self.format.chunk_object(),
            "created": self.created,
            "model": answer.model,
            "choices": choices,
        })
    }

    /// An error in this provider's dialect.
    pub(super) fn error_body(self, error: &ApiError) -> Value {
        self.vendor.error_body(self.format, error)
    }

    /// An event that reports a failure in the middle of a stream: a chunk as OpenRouter sends it, or the body itself.
    pub(super) fn error_event(self, answer: &Answer, error: Value) -> Event {
        let body = match self.format {
            Format::Messages => return Event::of(&error, false),
            Format::Responses => {
                let error = json!({"type": "error", "error": error["error"], "sequence_number": 0});
                return Event::of(&error, false);
            }
            _ if !self.format.completes() => {
                let data = json!({"type": "error", "error": error["error"]}).to_string();
                return Event { name: Some("error".to_owned()), data, content: false };
            }
            Format::Chat => json!({"delta": {"content": ""}}),
            _ => json!({"text": ""}),
        };
        let mut chunk = self.chunk(answer, json!([in_choice(body, 0, Value::Null, Some("error"))]));
        chunk["error"] = error["error"].clone();
        Event { name: None, data: chunk.to_string(), content: false }
    }
}

/// A choice of an answer or of a chunk: what every choice has, and its format's own members.
fn in_choice(own: Value, index: usize, logprobs: Value, finish: Option<&str>) -> Value {
    let mut choice = Map::new();
    choice.insert("index".to_owned(), json!(index));
    if let Value::Object(own) = own {
        choice.extend(own);
    }
    choice.insert("logprobs".to_owned(), logprobs);
    choice.insert("finish_reason".to_owned(), json!(finish));
    Value::Object(choice)
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

fn usage(usage: Usage) -> Value {
    let mut reported = json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt.saturating_add(usage.completion),
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    });
    if usage.written > 0 {
        reported["prompt_tokens_details"]["cache_write_tokens"] = json!(usage.written);
    }
    if usage.image > 0 {
        reported["completion_tokens_details"]["image_tokens"] = json!(usage.image);
    }
    reported
}
