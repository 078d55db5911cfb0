//! A completion on the wire: OpenAI's `chat.completion` object, and the `chat.completion.chunk` events of a stream.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Choice, Content, ToolCall, Usage},
    vendor::Vendor,
};

/// What is the same in the answer and in all its chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) vendor: Vendor,
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
    /// What stands after `data: `.
    pub(super) data: String,
    /// Whether it brings text, reasoning or part of a tool call.
    pub(super) content: bool,
}

impl Envelope {
    pub(super) fn id(self) -> String {
        format!("{}{:020x}", self.vendor.id_prefix(), self.serial)
    }

    fn call_id(self, choice: usize, call: usize) -> String {
        format!("call_{:016x}_{choice}_{call}", self.serial)
    }

    /// The plain answer.
    pub(super) fn plain(self, answer: &Answer, reporting: Reporting) -> Value {
        let choices: Vec<_> =
            answer.choices.iter().enumerate().map(|(index, choice)| self.choice(index, choice)).collect();
        let mut body = json!({
            "id": self.id(),
            "object": "chat.completion",
            "created": self.created,
            "model": answer.model,
            "choices": choices,
        });
        if reporting != Reporting::Never {
            body["usage"] = usage(answer.usage);
        }
        body
    }

    fn choice(self, index: usize, choice: &Choice) -> Value {
        let join = |pieces: &[super::tokens::Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
        let mut message = json!({"role": "assistant", "content": null, "refusal": null});
        if !choice.reasoning.is_empty() {
            message[self.vendor.reasoning_field()] = json!(join(&choice.reasoning));
        }
        match &choice.content {
            Content::Text(pieces) => message["content"] = json!(join(pieces)),
            Content::Calls(calls) => {
                let call = |(at, call): (usize, &ToolCall)| {
                    json!({
                        "id": self.call_id(index, at),
                        "type": "function",
                        "function": {"name": call.name.text, "arguments": join(&call.arguments)},
                    })
                };
                message["tool_calls"] = calls.iter().enumerate().map(call).collect();
            }
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": choice.finish})
    }

    /// The events of a stream, the closing `[DONE]` included. The choices take turns, chunk by chunk.
    pub(super) fn events(self, answer: &Answer, include_usage: bool, reporting: Reporting) -> Vec<Event> {
        let mut deltas: Vec<_> =
            answer.choices.iter().enumerate().map(|(index, choice)| self.deltas(index, choice).into_iter()).collect();
        let mut order = Vec::new();
        loop {
            let round: Vec<_> =
                deltas.iter_mut().enumerate().filter_map(|(index, deltas)| Some((index, deltas.next()?))).collect();
            if round.is_empty() {
                break;
            }
            order.extend(round);
        }
        let mut so_far = Usage { completion: 0, reasoning: 0, ..answer.usage };
        let mut events: Vec<_> = order
            .into_iter()
            .map(|(index, delta)| {
                let choice = json!({
                    "index": index, "delta": delta.body, "logprobs": null, "finish_reason": delta.finish
                });
                let mut chunk = self.chunk(answer, json!([choice]));
                so_far.completion += delta.tokens;
                so_far.reasoning += delta.reasoning;
                match reporting {
                    Reporting::EveryChunk => chunk["usage"] = usage(so_far),
                    Reporting::AsAsked if include_usage => chunk["usage"] = Value::Null,
                    Reporting::AsAsked | Reporting::Never => {}
                }
                Event { data: chunk.to_string(), content: delta.content }
            })
            .collect();
        if include_usage && reporting != Reporting::Never {
            let mut chunk = self.chunk(answer, json!([]));
            chunk["usage"] = usage(answer.usage);
            events.push(Event { data: chunk.to_string(), content: false });
        }
        events.push(Event { data: "[DONE]".to_owned(), content: false });
        events
    }

    fn chunk(self, answer: &Answer, choices: Value) -> Value {
        json!({
            "id": self.id(),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": answer.model,
            "choices": choices,
        })
    }

    /// A chunk that reports a failure in the middle of a stream, as OpenRouter sends it.
    pub(super) fn error_event(self, answer: &Answer, error: Value) -> Event {
        let choice = json!({"index": 0, "delta": {"content": ""}, "finish_reason": "error"});
        let mut chunk = self.chunk(answer, json!([choice]));
        chunk["error"] = error;
        Event { data: chunk.to_string(), content: false }
    }

    fn deltas(self, index: usize, choice: &Choice) -> Vec<Delta> {
        let role = json!({"role": "assistant", "content": ""});
        let mut deltas = vec![Delta { content: false, ..Delta::new(role, 0) }];
        for piece in &choice.reasoning {
            let body = json!({self.vendor.reasoning_field(): piece.text});
            deltas.push(Delta { reasoning: piece.tokens, ..Delta::new(body, piece.tokens) });
        }
        match &choice.content {
            Content::Text(pieces) => {
                deltas.extend(pieces.iter().map(|piece| Delta::new(json!({"content": piece.text}), piece.tokens)));
            }
            Content::Calls(calls) => {
                for (at, call) in calls.iter().enumerate() {
                    let function = json!({"name": call.name.text, "arguments": ""});
                    let head = json!({
                        "index": at, "id": self.call_id(index, at), "type": "function", "function": function
                    });
                    deltas.push(Delta::new(json!({"tool_calls": [head]}), call.name.tokens));
                    for piece in &call.arguments {
                        let rest = json!({"index": at, "function": {"arguments": piece.text}});
                        deltas.push(Delta::new(json!({"tool_calls": [rest]}), piece.tokens));
                    }
                }
            }
        }
        deltas.push(Delta { finish: Some(choice.finish), content: false, ..Delta::new(json!({}), 0) });
        deltas
    }
}

/// One choice's part of a chunk.
struct Delta {
    body: Value,
    tokens: u64,
    reasoning: u64,
    content: bool,
    finish: Option<&'static str>,
}

impl Delta {
    fn new(body: Value, tokens: u64) -> Self {
        Self { body, tokens, reasoning: 0, content: true, finish: None }
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt.saturating_add(usage.completion),
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}
