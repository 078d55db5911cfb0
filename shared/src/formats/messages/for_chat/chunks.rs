//! The chunks of a chat out of the events of a message.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::formats::events::{Broken, Reader, Verdict};
use crate::formats::messages::native::error_of;
use crate::formats::messages::usage::{self, Reported};

/// How OpenRouter names the form of these thoughts; with the name they may come back.
pub const FORMAT: &str = "anthropic-claude-v1";

/// A message as it is read.
#[derive(Default)]
pub struct Chunks {
    id: Value,
    model: Value,
    created: u64,
    /// How many calls have begun.
    calls: u64,
    /// Of the call that is open, whether its arguments have begun.
    open_call: Option<bool>,
    reported: Reported,
    finished: bool,
}

impl Chunks {
    fn begin(&mut self, message: &mut Value) -> Value {
        let mut take = |name: &str| message.get_mut(name).map(Value::take).unwrap_or_default();
        self.id = json!(format!("chatcmpl-{}", take("id").as_str().unwrap_or("unknown")));
        self.model = take("model");
        self.reported.take(take("usage"));
        self.created = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        self.chunk(json!({ "role": "assistant", "content": "" }), None)
    }

    fn chunk(&self, delta: Value, finish: Option<&str>) -> Value {
        self.with_choices(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]))
    }

    fn with_choices(&self, choices: Value) -> Value {
        json!({ "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices })
    }

    fn start(&mut self, index: &Value, block: &Value) -> Option<Value> {
        let said = |name: &str| block.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match block.get("type").and_then(Value::as_str)? {
            "text" => said("text").map(|text| json!({ "content": text })),
            "thinking" => said("thinking").map(|thought| thinking(index, thought)),
            "redacted_thinking" => {
                let detail =
                    json!({ "type": "reasoning.encrypted", "data": said("data")?, "format": FORMAT, "index": index });
                Some(json!({ "reasoning_details": [detail] }))
            }
            "tool_use" => {
                let input = block.get("input").filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
                let arguments = input.map(Value::to_string).unwrap_or_default();
                self.open_call = Some(!arguments.is_empty());
                self.calls += 1;
                let function = json!({ "name": said("name"), "arguments": arguments });
                Some(json!({ "tool_calls": [
                    { "index": self.calls - 1, "id": said("id"), "type": "function", "function": function }] }))
            }
            _ => None,
        }
    }

    fn delta(&mut self, index: &Value, delta: &Value) -> Option<Value> {
        let said = |name: &str| delta.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match delta.get("type").and_then(Value::as_str)? {
            "text_delta" => said("text").map(|text| json!({ "content": text })),
            "thinking_delta" => said("thinking").map(|thought| thinking(index, thought)),
            "signature_delta" => {
                let detail = json!({ "type": "reasoning.text", "signature": said("signature")?, "format": FORMAT, "index": index });
                Some(json!({ "reasoning_details": [detail] }))
            }
            "input_json_delta" => {
                let arguments = said("partial_json")?;
                self.open_call = Some(true);
                Some(self.arguments(arguments))
            }
            _ => None,
        }
    }

    fn arguments(&self, arguments: &str) -> Value {
        json!({ "tool_calls": [{ "index": self.calls.saturating_sub(1), "function": { "arguments": arguments } }] })
    }

    /// In a chat, arguments are JSON even where there are none.
    fn stop(&mut self) -> Option<Value> {
        let begun = self.open_call.take()?;
        (!begun).then(|| self.arguments("{}"))
    }

    fn end(&mut self, event: &mut Value) -> Vec<Value> {
        let reason = event.pointer("/delta/stop_reason").and_then(Value::as_str).map(finish_reason);
        let mut chunks = Vec::new();
        if let Some(reason) = reason.filter(|_| !self.finished) {
            self.finished = true;
            chunks.push(self.chunk(json!({}), Some(reason)));
        }
        if let Some(usage) = event.get_mut("usage").map(Value::take).filter(Value::is_object) {
            self.reported.take(usage);
            if let Some(usage) = self.reported.usage() {
                let mut chunk = self.with_choices(json!([]));
                chunk["usage"] = usage::for_chat(&usage);
                chunks.push(chunk);
            }
        }
        chunks
    }
}

fn thinking(index: &Value, thought: &str) -> Value {
    let detail = json!({ "type": "reasoning.text", "text": thought, "format": FORMAT, "index": index });
    json!({ "reasoning": thought, "reasoning_details": [detail] })
}

/// Why a model has stopped, as chat says it.
fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    }
}

impl Reader for Chunks {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if &data[..] == b"[DONE]" {
            return Ok(Verdict::Drop);
        }
        let mut event: Value = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        if !event.is_object() {
            return Err(Broken::Garbled);
        }
        let index = event.get("index").cloned().unwrap_or_default();
        let delta = match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                let chunk = self.begin(event.get_mut("message").unwrap_or(&mut Value::Null));
                return Ok(Verdict::Replace(written(&[chunk])));
            }
            "content_block_start" => event.get("content_block").and_then(|block| self.start(&index, block)),
            "content_block_delta" => event.get("delta").and_then(|delta| self.delta(&index, delta)),
            "content_block_stop" => self.stop(),
            "message_delta" => return Ok(Verdict::Replace(written(&self.end(&mut event)))),
            "message_stop" => return Ok(Verdict::Replace(Bytes::from_static(b"data: [DONE]\n\n"))),
            // A client whose provider is silent is told that its stream is alive.
            "ping" => return Ok(Verdict::Replace(Bytes::from_static(b": ping\n\n"))),
            "error" => return Err(error_of(&event)),
            _ if event.get("error").is_some_and(|error| !error.is_null()) => return Err(error_of(&event)),
            _ => None,
        };
        Ok(delta.map_or(Verdict::Drop, |delta| Verdict::Replace(written(&[self.chunk(delta, None)]))))
    }
}

fn written(chunks: &[Value]) -> Bytes {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect::<String>().into()
}
