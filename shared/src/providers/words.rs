//! What a provider says of a failure: read from every shape in use, cleaned for the caller and the log, and sorted by
//! the wordings and codes that providers use.
//!
//! Shapes: OpenAI's `{"error":{"message","type","param","code"}}`; OpenRouter's `error.metadata` with `reasons` of a
//! moderation or the `raw` answer of whom it asked; vLLM's, Mistral's and FastAPI's `message` or `detail` at the top; Gemini's list of one.

use serde_json::Value;

use super::clean::clean;

/// A prompt that is longer than the context: OpenAI and Azure, OpenRouter, vLLM, Anthropic, Bedrock, Gemini, xAI, Groq,
/// llama.cpp, LM Studio, text-generation-inference, Moonshot, DashScope, GitHub Models.
const CONTEXT: [&str; 23] = [
    "context_length_exceeded",
    "maximum context length",
    "context length exceeded",
    "exceeds the context length",
    "greater than the context length",
    "longer than the model's context length",
    "exceed context limit",
    "context window",
    "exceed_context_size_error",
    "exceeds the available context size",
    "maximum model length",
    "max_model_len",
    "maximum prompt length",
    "prompt is too long",
    "input is too long",
    "prompt too long",
    "exceeds the maximum number of tokens",
    "exceeded model token limit",
    "reduce the length of the",
    "tokens + `max_new_tokens` must be",
    "range of input length should be",
    "model_max_prompt_tokens_exceeded",
    "tokens_limit_reached",
];

/// A content that a provider's moderation or filter does not take: OpenRouter, OpenAI, Azure, DashScope.
const FLAGGED: [&str; 9] = [
    "content_filter",
    "content_policy_violation",
    "content management policy",
    "content policy",
    "moderation_blocked",
    "requires moderation",
    "was flagged",
    "been flagged",
    "data_inspection_failed",
];

/// An account there that has no credit, or may spend no more of it: OpenAI, Anthropic, OpenRouter, DeepSeek, DashScope, xAI,
/// Fireworks, Moonshot, SiliconFlow, Novita.
const OUT_OF_CREDIT: [&str; 16] = [
    "insufficient_quota",
    "exceeded your current quota",
    "credit balance is too low",
    "specified api usage limits",
    "insufficient credits",
    "used all available credits",
    "key limit exceeded",
    "spending limit",
    "insufficient balance",
    "insufficient funds",
    "billing_hard_limit_reached",
    "billing_not_active",
    "arrearage",
    "exceeded_current_quota_error",
    "balance is insufficient",
    "not enough balance",
];

/// A key that is none, where the status does not say so: Gemini, xAI.
const WRONG_KEY: [&str; 4] = ["api key not valid", "incorrect api key", "invalid api key", "api key expired"];

/// An account there whose credit does not cover this very call: OpenRouter.
const TOO_DEAR: &str = "can only afford";

/// A model that is not there.
const UNKNOWN_MODEL: [&str; 6] =
    ["does not exist", "model not found", "model_not_found", "not a valid model", "unknown model", "no such model"];

/// What a provider says of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Its sentence, cleaned.
    pub message: Option<String>,
    /// The request's member that it names.
    pub param: Option<String>,
    /// Its own code, where that is a name.
    pub code: Option<String>,
    /// Whether it gives reasons of a moderation.
    has_reasons: bool,
    /// All that is told apart by, in lower case.
    lower: String,
    /// The same of who was asked, without whom an aggregator asked: about accounts only that is about ours.
    outer: String,
}

impl Words {
    /// Reads an error's body. `hidden` is what nobody may see: keys and addresses of ours.
    #[must_use]
    pub fn read(body: &[u8], hidden: &[&str]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        // Gemini has its error in a list of one.
        let body = body.get(0).unwrap_or(&body);
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let raw = raw(error);
        let inner = raw.as_ref().map(|raw| raw.get("error").unwrap_or(raw));
        let first = |read: fn(&Value) -> Option<String>| inner.and_then(read).or_else(|| read(error));
        let said = first(sentence);
        let (param, code) = (first(param).filter(|name| is_name(name)), first(code).filter(|code| is_name(code)));
        let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
        let joined = |said: Option<&str>, code: Option<&str>| {
            [said.unwrap_or_default(), code.unwrap_or_default(), kind].join("\n").to_lowercase()
        };
        let lower = joined(said.as_deref(), code.as_deref());
        let outer = match inner {
            Some(_) => joined(sentence(error).as_deref(), self::code(error).as_deref()),
            None => lower.clone(),
        };
        Self {
            message: said.and_then(|said| clean(&said, hidden)),
            param,
            code,
            has_reasons: error.pointer("/metadata/reasons").is_some_and(Value::is_array),
            lower,
            outer,
        }
    }

    /// The prompt does not fit into the model's context.
    #[must_use]
    pub fn are_about_context(&self) -> bool {
        self.say(&CONTEXT)
    }

    /// The content was refused.
    #[must_use]
    pub fn are_about_content(&self) -> bool {
        self.has_reasons || self.say(&FLAGGED)
    }

    /// The account there has no credit, or not enough.
    #[must_use]
    pub fn are_about_credit(&self) -> bool {
        OUT_OF_CREDIT.iter().any(|wording| self.outer.contains(wording)) || self.are_about_this_calls_price()
    }

    /// The key is not taken.
    #[must_use]
    pub fn are_about_the_key(&self) -> bool {
        WRONG_KEY.iter().any(|wording| self.outer.contains(wording))
    }

    /// The account there has not enough credit for this call.
    #[must_use]
    pub fn are_about_this_calls_price(&self) -> bool {
        self.outer.contains(TOO_DEAR)
    }

    /// The model is not there.
    #[must_use]
    pub fn are_about_an_unknown_model(&self) -> bool {
        self.lower.contains("model") && self.say(&UNKNOWN_MODEL)
    }

    fn say(&self, wordings: &[&str]) -> bool {
        wordings.iter().any(|wording| self.lower.contains(wording))
    }
}

/// The answer of whom an aggregator asked, as it came there.
fn raw(error: &Value) -> Option<Value> {
    let raw = error.pointer("/metadata/raw")?;
    match raw {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        Value::Object(_) => Some(raw.clone()),
        _ => None,
    }
}

fn sentence(error: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    text(error)
        .or_else(|| error.get("message").and_then(text))
        .or_else(|| error.get("detail").and_then(text))
        .or_else(|| text(error.pointer("/detail/0/msg")?))
}

fn param(error: &Value) -> Option<String> {
    let named = error.get("param").and_then(Value::as_str).map(str::to_owned);
    named.or_else(|| {
        let place = error.pointer("/detail/0/loc")?.as_array()?.iter().filter(|part| *part != "body");
        let name = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        Some(place.map(name).collect::<Vec<_>>().join("."))
    })
}

fn code(error: &Value) -> Option<String> {
    error.get("code").and_then(Value::as_str).map(str::to_owned)
}

/// Whether this can be the name of a member or a code, and nothing else.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Words {
        Words::read(body.as_bytes(), &[])
    }

    #[test]
    fn every_shape_of_an_error_is_read() {
        for body in [
            r#"{"error":{"message":"too hot","param":"temperature","code":"bad_value"}}"#,
            r#"{"object":"error","message":"too hot","param":"temperature","code":"bad_value"}"#,
            r#"{"detail":[{"loc":["body","temperature"],"msg":"too hot","input":9}],"code":"bad_value"}"#,
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":
                "{\"error\":{\"message\":\"too hot\",\"param\":\"temperature\",\"code\":\"bad_value\"}}"}}}"#,
        ] {
            let words = read(body);
            let read = (words.message.as_deref(), words.param.as_deref(), words.code.as_deref());
            assert_eq!(read, (Some("too hot"), Some("temperature"), Some("bad_value")), "{body}");
        }
        assert_eq!(read(r#"{"error":"too hot"}"#).message.as_deref(), Some("too hot"));
        assert_eq!(read(r#"{"detail":"too hot"}"#).message.as_deref(), Some("too hot"));
        for body in ["", "<html>", "[]", "{}", r#"{"error":null}"#, r#"{"error":{"message":""}}"#] {
            assert_eq!(
                read(body),
                Words { lower: "\n\n".to_owned(), outer: "\n\n".to_owned(), ..Words::default() },
                "{body}"
            );
        }
    }

    #[test]
    fn the_length_of_a_prompt_is_recognized_in_every_providers_words() {
        for message in [
            "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens",
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            "Input is too long for requested model.",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
            "Please reduce the length of the messages or completion.",
            "the request exceeds the available context size. try increasing the context size",
            "`inputs` tokens + `max_new_tokens` must be <= 4096.",
            "Invalid request: Your request exceeded model token limit: 8192",
            "Range of input length should be [1, 30720]",
            "Your input exceeds the context window of this model.",
        ] {
            assert!(
                read(&serde_json::json!({"error": {"message": message}}).to_string()).are_about_context(),
                "{message}"
            );
        }
        assert!(read(r#"{"error":{"code":"context_length_exceeded"}}"#).are_about_context());
        assert!(!read(r#"{"error":{"message":"max_tokens must be at most 4096"}}"#).are_about_context());
    }

    #[test]
    fn contents_credit_and_models_are_told_apart() {
        let flagged = r#"{"error":{"message":"x","code":403,"metadata":{"reasons":["violence"]}}}"#;
        assert!(read(flagged).are_about_content());
        assert!(read(r#"{"error":{"message":"Your input was flagged"}}"#).are_about_content());
        assert!(read(r#"{"error":{"message":"m","code":"content_filter"}}"#).are_about_content());
        assert!(!read(r#"{"error":{"message":"Your key is disabled"}}"#).are_about_content());
        let afford = r#"{"error":{"message":"You requested up to 9 tokens, but can only afford 3.","code":402}}"#;
        assert!(read(afford).are_about_credit());
        assert!(read(r#"{"error":{"type":"insufficient_quota"}}"#).are_about_credit());
        assert!(read(r#"{"error":{"message":"The model `m` does not exist"}}"#).are_about_an_unknown_model());
        assert!(read(r#"{"error":{"message":"m is not a valid model ID"}}"#).are_about_an_unknown_model());
        assert!(!read(r#"{"error":{"message":"The tool `m` does not exist"}}"#).are_about_an_unknown_model());
    }
}
