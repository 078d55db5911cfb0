//! The body of a chat completion.

use serde_json::{Map, Value};

use super::{
    Caches, Given, Request, boolean, check_sampling, field, include_usage, integer, message::Prompt, model, stops, tool,
};
use crate::provider::error::ApiError;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    for name in ["functions", "function_call", "audio"] {
        if field(body, name).is_some() {
            return Err(ApiError::unsupported(name));
        }
    }
    if boolean(body, "logprobs")? == Some(true) {
        return Err(ApiError::unsupported("logprobs"));
    }
    let model = model(body)?;
    let stream = boolean(body, "stream")?.unwrap_or(false);
    check_sampling(body)?;
    // Both names of the limit hold, so that the smaller one decides.
    let limits = [
        integer(body, "max_tokens", 1, u64::from(u32::MAX))?,
        integer(body, "max_completion_tokens", 1, u64::from(u32::MAX))?,
    ];
    let include_usage = include_usage(body, stream)?;
    let draws = draws(body)?;
    let choices = integer(body, "n", 1, 128)?.unwrap_or(1);
    let stops = stops(body)?;
    let (prompt, said) = Prompt::of_messages(body)?;
    let (called, told) = tool::callable(body)?.chosen(said.steps, !said.ends_with_user);
    Ok(Request {
        model,
        stream,
        include_usage,
        limit: limits.into_iter().flatten().min(),
        choices,
        candidates: choices,
        stops,
        questions: vec![said.last_of_user],
        echo: false,
        logprobs: None,
        thoughts: 0,
        seals: false,
        draws,
        called,
        told,
        format: tool::response_format(body)?,
        prompt,
        caches: Caches::default(),
        given: Given::Text,
    })
}

/// Whether a picture is asked for (<https://openrouter.ai/docs/guides/overview/multimodal/image-generation>).
fn draws(body: &Map<String, Value>) -> Result<bool, ApiError> {
    let wrong = || ApiError::wrong_value("modalities", "a list of text and image");
    let modalities = match field(body, "modalities") {
        None => return Ok(false),
        Some(Value::Array(modalities)) if !modalities.is_empty() => modalities,
        Some(_) => return Err(wrong()),
    };
    if !modalities.iter().all(|modality| modality == "text" || modality == "image") {
        return Err(wrong());
    }
    match field(body, "image_config") {
        None | Some(Value::Object(_)) => Ok(modalities.iter().any(|modality| modality == "image")),
        Some(_) => Err(ApiError::wrong_type("image_config", "an object")),
    }
}
