//! `/v1/generation/content`: what was said in one call, where the account keeps it.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::generation::GenerationQuery;
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::Result;
use crate::keyring::{self, Sealed};
use crate::stored::opened::unreadable;

/// What was said in a call.
#[derive(ToSchema)]
pub struct GenerationContentAnswer {
    /// It.
    pub data: GenerationContent,
}

/// What was said in a call, as OpenRouter's clients read it.
#[derive(ToSchema)]
pub struct GenerationContent {
    /// What its client said.
    pub input: GenerationInput,
    /// What its model said.
    pub output: GenerationOutput,
    /// null.
    #[schema(required)]
    pub error: Option<String>,
}

/// What a client said.
#[derive(ToSchema)]
pub struct GenerationInput {
    /// The messages of a chat, or the input items of a response.
    #[schema(value_type = Vec<Object>)]
    pub messages: Vec<Value>,
}

/// What a model said.
#[derive(ToSchema)]
pub struct GenerationOutput {
    /// Its words.
    pub completion: String,
    /// What it has thought, as far as it showed that.
    #[schema(required)]
    pub reasoning: Option<String>,
}

/// As `get_generation_content` answers it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Turn { messages: Vec<Message> },
    Response { input: Sealed, output: Sealed },
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Sealed,
}

/// `GET /v1/generation/content`: of a turn of a kept chat, and of a stored response.
///
/// # Errors
/// The refusals of key validation; 404 `generation_not_found`, also where what was said is not kept.
#[utoipa::path(get, path = "/v1/generation/content", tag = "openrouter", params(GenerationQuery),
    responses((status = 200, body = GenerationContentAnswer), (status = 404, description = "`generation_not_found`")))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<GenerationQuery>,
) -> Result<Response> {
    let kept: Kept = caller.rpc(&app, "get_generation_content", json!({ "asked": query.asked()? })).await?;
    let (input, output) = match kept {
        Kept::Turn { messages } => turn(&app, messages)?,
        Kept::Response { input, output } => (list(&app, &input)?, list(&app, &output)?),
    };
    let thoughts = words(&output, "reasoning");
    let content = json!({ "data": {
        "input": { "messages": input },
        "output": { "completion": words(&output, "content"), "reasoning": (!thoughts.is_empty()).then_some(thoughts) },
        "error": null,
    } });
    Ok(answer::private(&to_raw_value(&content).map_err(|error| unreadable(&error))?))
}

/// The messages of a turn: its client's, and its model's.
fn turn(app: &App, messages: Vec<Message>) -> Result<(Vec<Value>, Vec<Value>)> {
    let (mut input, mut output) = (Vec::new(), Vec::new());
    let last = messages.len().saturating_sub(1);
    for (place, message) in messages.into_iter().enumerate() {
        let said = open(app, &message.content)?;
        // What the model said ends its turn; an assistant's message before is a part of what it was told.
        if place == last && message.role == "assistant" { output.push(said) } else { input.push(said) }
    }
    Ok((input, output))
}

fn list(app: &App, sealed: &Sealed) -> Result<Vec<Value>> {
    Ok(match open(app, sealed)? {
        Value::Array(items) => items,
        one => vec![one],
    })
}

fn open(app: &App, sealed: &Sealed) -> Result<Value> {
    serde_json::from_str(&keyring::open(app, sealed)?).map_err(|error| unreadable(&error))
}

/// The words of messages and items: what was said in `content`, or thought in `reasoning`. An item of a response is a message or
/// what was thought as a whole, in its `summary`.
fn words(said: &[Value], member: &str) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    let of = |one: &Value| match one["type"].as_str() {
        Some("reasoning") if member == "reasoning" => text(&one["summary"]),
        Some("reasoning") => String::new(),
        _ => text(&one[member]),
    };
    said.iter().map(of).filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_messages_and_of_items() {
        let said = [
            json!({"role": "assistant", "content": "One.", "reasoning": "So."}),
            json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Then."}], "content": [{"text": "hidden"}]}),
            json!({"type": "message", "content": [{"type": "output_text", "text": "Two"}, {"type": "output_text", "text": "."}]}),
            json!({"type": "function_call", "name": "f", "arguments": "{}"}),
            json!({"role": "assistant", "content": null}),
        ];
        assert_eq!((words(&said, "content"), words(&said, "reasoning")), ("One.\nTwo.".into(), "So.\nThen.".into()));
    }
}
