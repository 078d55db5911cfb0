//! Recorded answers of every shape that providers give: each as the plain answer and as the chunks that add up to it.
//!
//! They are files rather than code, since what matters is how they look on the wire. The model is the one asked for;
//! ids and time are always the same, so that the two can be compared member by member.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{EVENT_STREAM, JSON, Reply, Respond, steps};
use crate::provider::{error::ApiError, format::Format, request::Request, wire::Event};

/// The files of one shape.
#[derive(Debug)]
pub(super) struct Recording {
    chat: &'static str,
    /// Most shapes are chat's alone.
    text: Option<&'static str>,
    messages: Option<&'static str>,
    responses: Option<&'static str>,
}

macro_rules! recordings {
    ($($name:ident = $file:literal $(($($format:ident),+))?;)*) => {
        $(pub(super) static $name: Recording = Recording {
            chat: include_str!(concat!("../shapes/chat/", $file, ".json")),
            text: recordings!(@text $file $($($format)+)?),
            messages: recordings!(@messages $file $($($format)+)?),
            responses: recordings!(@responses $file $($($format)+)?),
        };)*
    };
    (@text $file:literal text $($more:ident)*) => { Some(include_str!(concat!("../shapes/text/", $file, ".json"))) };
    (@text $file:literal $($more:ident)*) => { None };
    (@messages $file:literal messages $($more:ident)*) => { Some(include_str!(concat!("../shapes/messages/", $file, ".json"))) };
    (@messages $file:literal $other:ident $($more:ident)*) => { recordings!(@messages $file $($more)*) };
    (@messages $file:literal) => { None };
    (@responses $file:literal responses) => { Some(include_str!(concat!("../shapes/responses/", $file, ".json"))) };
    (@responses $file:literal $other:ident $($more:ident)*) => { recordings!(@responses $file $($more)*) };
    (@responses $file:literal) => { None };
}

recordings! {
    TEXT = "text" (text, messages, responses);
    CHOICES = "choices" (text);
    LENGTH = "length" (text, messages, responses);
    FILTERED = "filtered" (text, responses);
    REFUSAL = "refusal" (messages, responses);
    LOGPROBS = "logprobs" (text);
    REFUSAL_LOGPROBS = "refusal-logprobs";
    TOOLS = "tools" (messages, responses);
    CUSTOM_TOOLS = "custom-tools" (responses);
    FUNCTION_CALL = "function-call";
    REASONING = "reasoning" (messages, responses);
    REASONING_CONTENT = "reasoning-content";
    PARTS = "parts";
    THINKING = "thinking";
    AUDIO = "audio";
    IMAGES = "images";
    ANNOTATIONS = "annotations" (messages, responses);
    UNKNOWN = "unknown" (text, messages, responses);
}

/// What a file holds.
#[derive(Deserialize)]
struct Recorded {
    /// The plain answer, without its model.
    answer: Map<String, Value>,
    /// Members of every chunk, besides those that every stream has.
    #[serde(default)]
    in_every_chunk: Map<String, Value>,
    /// The chunks' own members.
    chunks: Vec<Map<String, Value>>,
}

impl Recording {
    /// The answer as it was asked for.
    ///
    /// # Errors
    /// 404 where only another endpoint has this shape: upstream too, most models are chat's.
    pub(super) fn play(&self, format: Format, request: &Request) -> Result<Reply, ApiError> {
        let file = match format {
            Format::Chat => Some(self.chat),
            Format::Text => self.text,
            Format::Messages => self.messages,
            Format::Responses => self.responses,
            _ => None,
        };
        let file = file.ok_or_else(|| ApiError {
            param: Some("model".to_owned()),
            ..ApiError::new(StatusCode::NOT_FOUND, "this endpoint does not have this model")
        })?;
        let recorded: Recorded = serde_json::from_str(file)
            .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("a recording: {error}")))?;
        Ok(Reply::Respond(if request.stream {
            Respond::streamed(EVENT_STREAM, steps(&recorded.events(format, request)))
        } else {
            let mut answer = recorded.answer;
            answer.insert("model".to_owned(), json!(request.model));
            Respond::whole(StatusCode::OK, JSON, Value::Object(answer).to_string())
        }))
    }
}

impl Recorded {
    fn events(self, format: Format, request: &Request) -> Vec<Event> {
        if matches!(format, Format::Messages | Format::Responses) {
            return self.chunks.into_iter().map(|event| named_event(event, &request.model)).collect();
        }
        let mut head = Map::new();
        head.insert("object".to_owned(), json!(format.chunk_object()));
        head.insert("model".to_owned(), json!(request.model));
        for name in ["id", "created"] {
            head.insert(name.to_owned(), self.answer.get(name).cloned().unwrap_or_default());
        }
        head.extend(self.in_every_chunk);
        let event = |own: Map<String, Value>, usage: &Value, content: bool| {
            let mut chunk = head.clone();
            chunk.extend(own);
            if request.include_usage {
                chunk.insert("usage".to_owned(), usage.clone());
            }
            Event { name: None, data: Value::Object(chunk).to_string(), content }
        };
        let mut events: Vec<_> = self.chunks.into_iter().map(|own| event(own, &Value::Null, true)).collect();
        if request.include_usage {
            let nothing = [("choices".to_owned(), json!([]))].into_iter().collect();
            events.push(event(nothing, self.answer.get("usage").unwrap_or(&Value::Null), false));
        }
        events.push(Event::done());
        events
    }
}

/// A recorded event of a message or of a response, with the model that was asked for.
fn named_event(mut event: Map<String, Value>, model: &str) -> Event {
    for name in ["message", "response"] {
        if let Some(whole) = event.get_mut(name) {
            whole["model"] = json!(model);
        }
    }
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let content = kind == "content_block_delta" || kind.ends_with(".delta");
    Event::of(&Value::Object(event), content)
}
