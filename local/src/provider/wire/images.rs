//! Images: the plain answer, and the events of a stream, in OpenAI's names or in OpenRouter's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Envelope, Event, Reporting};
use crate::provider::{
    answer::{Answer, Given, Usage},
    format::Format,
    vendor::Vendor,
};

/// What a picture begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let Given::Images { prompt, images, .. } = &answer.given else { return Value::Null };
    let data: Vec<_> = (0..*images).map(|index| json!({"b64_json": picture(prompt, index)})).collect();
    let mut body = json!({"created": envelope.created, "data": data});
    if reporting != Reporting::Never {
        body["usage"] = usage(envelope, answer.usage);
    }
    body
}

pub(super) fn events(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Vec<Event> {
    let Given::Images { prompt, images, partial } = &answer.given else { return Vec::new() };
    let event =
        |data: Value, name: &str, content| Event { name: Some(name.to_owned()), data: data.to_string(), content };
    let kind = if envelope.format == Format::Edits { "image_edit" } else { "image_generation" };
    let (partial_image, completed) = (format!("{kind}.partial_image"), format!("{kind}.completed"));
    let mut events = Vec::new();
    for index in 0..*images {
        for place in 0..*partial {
            let data =
                json!({"type": partial_image, "b64_json": picture(prompt, 100 + place), "partial_image_index": place});
            events.push(event(data, &partial_image, true));
        }
        let mut data = json!({"type": completed, "b64_json": picture(prompt, index), "created_at": envelope.created});
        if reporting != Reporting::Never && index + 1 == *images {
            data["usage"] = usage(envelope, answer.usage);
        }
        events.push(event(data, &completed, true));
    }
    if envelope.vendor == Vendor::OpenRouter {
        events.push(Event::done());
    }
    events
}

fn usage(envelope: Envelope, usage: Usage) -> Value {
    let (input, output, total) = (usage.prompt, usage.completion, usage.prompt.saturating_add(usage.completion));
    if envelope.vendor == Vendor::OpenRouter {
        return json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": total, "cost": 0.04,
            "completion_tokens_details": {"image_tokens": output}});
    }
    json!({"input_tokens": input, "output_tokens": output, "total_tokens": total,
        "input_tokens_details": {"text_tokens": input, "image_tokens": 0}})
}

/// A picture of a prompt, in base64; each is another one.
pub(super) fn picture(prompt: &str, index: u64) -> String {
    STANDARD.encode([PNG, &index.to_be_bytes(), prompt.as_bytes()].concat())
}
