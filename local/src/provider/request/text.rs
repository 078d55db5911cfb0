//! The body of a text completion, OpenAI's legacy endpoint
//! (<https://platform.openai.com/docs/api-reference/completions/create>).

use bpe_openai::o200k_base;
use serde_json::{Map, Value};

use super::{
    Caches, Given, Request, ResponseFormat, boolean, check_sampling, field, include_usage, integer, message::Prompt,
    model, stops,
};
use crate::provider::error::ApiError;

/// The limit of a request that names none: not the model's, as in chat, but this.
const DEFAULT_LIMIT: u64 = 16;

/// As many prompts as OpenAI takes in one request.
const MOST_PROMPTS: usize = 2048;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    let model = model(body)?;
    let stream = boolean(body, "stream")?.unwrap_or(false);
    check_sampling(body)?;
    // Zero is allowed: with `echo` it asks for the prompt's own likelihoods.
    let limit = integer(body, "max_tokens", 0, u64::from(u32::MAX))?.unwrap_or(DEFAULT_LIMIT);
    let choices = integer(body, "n", 1, 128)?.unwrap_or(1);
    let (prompt, questions) = prompts(body, "prompt", MOST_PROMPTS)?;
    if !matches!(field(body, "suffix"), None | Some(Value::String(_))) {
        return Err(ApiError::wrong_type("suffix", "a string"));
    }
    Ok(Request {
        include_usage: include_usage(body, stream)?,
        limit: Some(limit),
        choices,
        candidates: candidates(body, choices, stream)?,
        stops: stops(body)?,
        questions,
        echo: boolean(body, "echo")?.unwrap_or(false),
        logprobs: integer(body, "logprobs", 0, 5)?,
        thoughts: 0,
        seals: false,
        draws: false,
        called: Vec::new(),
        told: Vec::new(),
        format: ResponseFormat::Text,
        prompt,
        caches: Caches::default(),
        given: Given::Text,
        model,
        stream,
    })
}

/// `best_of`: as many texts are written and the best `n` of them given, which nobody knows before their end.
fn candidates(body: &Map<String, Value>, choices: u64, stream: bool) -> Result<u64, ApiError> {
    match integer(body, "best_of", 1, 20)? {
        None => Ok(choices),
        Some(best_of) if best_of < choices => {
            Err(ApiError::parameter("best_of", "invalid_value", "must not be less than 'n'"))
        }
        Some(best_of) if best_of > 1 && stream => {
            Err(ApiError::parameter("best_of", "invalid_value", "cannot be more than 1 in a stream"))
        }
        Some(best_of) => Ok(best_of),
    }
}

/// The prompts: a text or its tokens, or several of either.
pub(super) fn prompts(body: &Map<String, Value>, name: &str, most: usize) -> Result<(Prompt, Vec<String>), ApiError> {
    let wrong = || ApiError::wrong_type(name, "a string, an array of strings, of tokens, or of arrays of tokens");
    let prompt = field(body, name).ok_or_else(|| ApiError::missing(name))?;
    let items = match prompt {
        Value::String(text) => return Ok(Prompt::of_texts(vec![text.clone()])),
        Value::Array(items) if items.is_empty() => {
            return Err(ApiError::parameter(name, "empty_array", "must not be empty"));
        }
        Value::Array(items) => items,
        _ => return Err(wrong()),
    };
    if items.iter().all(Value::is_number) {
        return Ok(Prompt::of_tokens(vec![tokens(items)?]));
    }
    if items.len() > most {
        return Err(ApiError::parameter(name, "array_above_max_length", format!("at most {most} of them")));
    }
    if let Some(texts) = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>() {
        return Ok(Prompt::of_texts(texts));
    }
    let lists = items.iter().map(Value::as_array).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let lists = lists.into_iter().map(|list| if list.is_empty() { Err(wrong()) } else { tokens(list) });
    Ok(Prompt::of_tokens(lists.collect::<Result<_, _>>()?))
}

fn tokens(items: &[Value]) -> Result<Vec<u32>, ApiError> {
    let known = |token: &u32| (*token as usize) < o200k_base().bpe.num_tokens();
    let token = |item: &Value| item.as_u64().and_then(|token| u32::try_from(token).ok()).filter(known);
    items.iter().map(token).collect::<Option<_>>().ok_or_else(|| ApiError::wrong_value("prompt", "tokens of o200k"))
}
