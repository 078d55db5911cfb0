//! The body of a request for images (<https://platform.openai.com/docs/api-reference/images/create>), at OpenRouter of its
//! own (<https://openrouter.ai/docs/api/api-reference/images/create-images>).

use serde_json::{Map, Value};

use super::{Given, Request, boolean, field, integer, message::Prompt, model};
use crate::provider::error::ApiError;

/// The most tokens of an image: one of 1024 by 1536 in high quality.
const MOST_TOKENS: u64 = 6_240;

/// Every member that OpenRouter knows.
const OPENROUTERS: [&str; 15] = [
    "model",
    "prompt",
    "n",
    "size",
    "aspect_ratio",
    "resolution",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "input_references",
    "seed",
    "stream",
    "provider",
    "usage",
];

/// Of edits (<https://platform.openai.com/docs/api-reference/images/createEdit>): a form.
pub(super) fn parse_edit(body: &Map<String, Value>) -> Result<Request, ApiError> {
    let files = |name| super::files(body, name, &["png", "jpg", "jpeg", "webp"]);
    let (images, masks) = (files("image")?, files("mask")?);
    if !(1..=16).contains(&images.len()) || masks.len() > 1 {
        return Err(ApiError::wrong_value("image", "one to sixteen images, and at most one mask"));
    }
    if let Some(fidelity) = word(body, "input_fidelity")?
        && !["low", "high"].contains(&fidelity)
    {
        return Err(ApiError::wrong_value("input_fidelity", "low or high"));
    }
    let request = parse(body, false)?;
    let given = (images.len() + masks.len()) as u64;
    Ok(Request { prompt: Prompt::of_parts(0, given, request.questions.clone(), &[]), ..request })
}

pub(super) fn parse(body: &Map<String, Value>, is_openrouter: bool) -> Result<Request, ApiError> {
    let unknown = body.keys().find(|name| is_openrouter && !OPENROUTERS.contains(&name.as_str()));
    if let Some(name) = unknown {
        // It would be ignored; whoever sends it expects something.
        return Err(ApiError::unsupported(name));
    }
    let model = model(body)?;
    let prompt = match field(body, "prompt") {
        None => return Err(ApiError::missing("prompt")),
        Some(Value::String(prompt)) if !prompt.is_empty() => prompt.clone(),
        Some(_) => return Err(ApiError::wrong_type("prompt", "a non-empty string")),
    };
    let images = integer(body, "n", 1, 10)?.unwrap_or(1);
    let stream = boolean(body, "stream")?.unwrap_or(false);
    let partial = integer(body, "partial_images", 0, 3)?.unwrap_or(u64::from(is_openrouter));
    word(body, "size")?;
    word(body, "output_format")?;
    // An image of 1024 by 1024.
    let tokens = match word(body, "quality")? {
        Some("low") => 272,
        None | Some("auto" | "medium" | "standard") => 1_056,
        Some("high" | "hd") => 4_160,
        Some(_) => return Err(ApiError::wrong_value("quality", "low, medium, high or auto")),
    };
    let (counted, questions) = Prompt::of_texts(vec![prompt]);
    let given = Given::Images { images, tokens, partial: if stream { partial } else { 0 } };
    Ok(Request {
        given,
        questions,
        stream,
        limit: Some(MOST_TOKENS),
        candidates: images,
        ..Request::of(model, counted)
    })
}

fn word<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ApiError> {
    match field(body, name) {
        None => Ok(None),
        Some(Value::String(word)) => Ok(Some(word)),
        Some(_) => Err(ApiError::wrong_type(name, "a string")),
    }
}
