//! The body of a request for embeddings (<https://platform.openai.com/docs/api-reference/embeddings/create>).

use serde_json::{Map, Value};

use super::{Given, Request, field, integer, model, text};
use crate::provider::error::ApiError;

/// The dimensions of a vector where the request names none.
const DIMENSIONS: u64 = 16;

/// As many inputs as OpenAI takes in one request.
const MOST_INPUTS: usize = 2048;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    let model = model(body)?;
    let (prompt, questions) = text::prompts(body, "input", MOST_INPUTS)?;
    if questions.iter().any(String::is_empty) {
        return Err(ApiError::parameter("input", "invalid_value", "input cannot be an empty string"));
    }
    let dimensions = integer(body, "dimensions", 1, 3072)?.unwrap_or(DIMENSIONS);
    let base64 = match field(body, "encoding_format") {
        None => false,
        Some(Value::String(format)) if format == "float" => false,
        Some(Value::String(format)) if format == "base64" => true,
        Some(_) => return Err(ApiError::wrong_value("encoding_format", "float or base64")),
    };
    Ok(Request { given: Given::Vectors { dimensions, base64 }, questions, ..Request::of(model, prompt) })
}
