//! What the provider of a wire writes.

use serde_json::{Value, json};
use shared::formats::Format;

use super::{CHAT, TEXTS, Wire};

impl Wire {
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
}
