//! The body of a request for speech (<https://platform.openai.com/docs/api-reference/audio/createSpeech>).

use serde_json::{Map, Value};

use super::{Given, Request, field, message::Prompt, model, range};
use crate::provider::error::ApiError;

/// The most characters of a text, as at OpenAI.
const MOST_CHARACTERS: usize = 4096;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    let model = model(body)?;
    let text = |name: &str| match field(body, name) {
        None => Err(ApiError::missing(name)),
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(_) => Err(ApiError::wrong_type(name, "a non-empty string")),
    };
    let input = text("input")?;
    if input.chars().count() > MOST_CHARACTERS {
        return Err(ApiError::parameter("input", "string_above_max_length", format!("at most {MOST_CHARACTERS}")));
    }
    text("voice")?;
    range(body, "speed", 0.25, 4.0)?;
    let content_type = match field(body, "response_format").map(|format| format.as_str().unwrap_or_default()) {
        None | Some("mp3") => "audio/mpeg",
        Some("opus") => "audio/opus",
        Some("aac") => "audio/aac",
        Some("flac") => "audio/flac",
        Some("wav") => "audio/wav",
        Some("pcm") => "audio/pcm",
        Some(_) => return Err(ApiError::wrong_value("response_format", "mp3, opus, aac, flac, wav or pcm")),
    };
    let (prompt, questions) = Prompt::of_texts(vec![input]);
    let stream = match field(body, "stream_format").map(|format| format.as_str().unwrap_or_default()) {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(_) => return Err(ApiError::wrong_value("stream_format", "audio or sse")),
    };
    Ok(Request { given: Given::Sound { content_type }, questions, stream, ..Request::of(model, prompt) })
}
