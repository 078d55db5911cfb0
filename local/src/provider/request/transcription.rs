//! The form of a request for a transcript or a translation
//! (<https://platform.openai.com/docs/api-reference/audio/createTranscription>).

use serde_json::{Map, Value};

use super::{Given, Request, boolean, field, message::Prompt, model, range};
use crate::provider::error::ApiError;

/// The formats of sound.
const KINDS: [&str; 9] = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "wav", "webm"];
/// What the text comes as.
const FORMS: [&str; 6] = ["json", "text", "srt", "vtt", "verbose_json", "diarized_json"];
/// Tokens of a second of sound.
const TOKENS: u64 = 10;
/// The most that a model writes.
const MOST_TOKENS: u64 = 2_000;

pub(super) fn parse(body: &Map<String, Value>, translates: bool) -> Result<Request, ApiError> {
    let model = model(body)?;
    let files = super::files(body, "file", &KINDS)?;
    let [(_, sound)] = &files[..] else {
        return Err(ApiError::missing("file"));
    };
    let text = |name: &str| match field(body, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::wrong_type(name, "a string")),
    };
    let form = text("response_format")?.unwrap_or_else(|| "json".to_owned());
    if !FORMS.contains(&form.as_str()) {
        return Err(ApiError::wrong_value("response_format", &FORMS.join(", ")));
    }
    let granularities = field(body, "timestamp_granularities").is_some();
    if granularities && form != "verbose_json" {
        return Err(ApiError::wrong_value(
            "timestamp_granularities",
            "left out unless response_format is verbose_json",
        ));
    }
    let stream = boolean(body, "stream")?.unwrap_or(false) && !translates;
    if stream && !["json", "diarized_json"].contains(&form.as_str()) {
        return Err(ApiError::wrong_value("stream", "left out with this response_format"));
    }
    range(body, "temperature", 0.0, 1.0)?;
    text("language")?;
    let prompt = text("prompt")?.unwrap_or_default();
    let seconds = seconds(sound);
    let heard = vec![0; usize::try_from(seconds * TOKENS).unwrap_or(usize::MAX)];
    let (mut counted, _) = Prompt::of_tokens(vec![heard]);
    counted.add(prompt.clone());
    Ok(Request {
        given: Given::Transcript { seconds, form },
        questions: vec![prompt],
        stream,
        limit: Some(MOST_TOKENS),
        candidates: 1,
        ..Request::of(model, counted)
    })
}

/// The length of a plain WAV file, by its head; of anything else by its size.
fn seconds(sound: &[u8]) -> u64 {
    let rate = sound.get(28..32).filter(|_| sound.starts_with(b"RIFF"));
    let rate = rate.map_or(4_000, |rate| u64::from(u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]])));
    (sound.len() as u64).saturating_sub(44).div_ceil(rate.max(1)).max(1)
}
