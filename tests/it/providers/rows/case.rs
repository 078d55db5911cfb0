//! What a provider's case says, and what many of them have in common.

use serde_json::Value;

use super::answers::plain;

/// A provider's case.
pub struct Case {
    /// Its name.
    pub provider: &'static str,
    /// The path of its chat completions at its own host.
    pub path: &'static str,
    /// The header that has the key, and what stands before it there; none where no key is wanted.
    pub auth: Option<(&'static str, &'static str)>,
    /// What a chat for OpenAI is to be when it arrives.
    pub chat: Chat,
    /// The events of an answer that says pong.
    pub answer: fn() -> Vec<Value>,
    /// What of it is to be charged: prompt, cached and completion tokens.
    pub usage: [u64; 3],
    /// Refusals in its own words, and the code by which the caller hears of each.
    pub refusals: &'static [Refusal],
}

/// A status, a body, and the code of our answer.
pub type Refusal = (u16, &'static str, &'static str);

/// What is otherwise than at OpenAI.
#[derive(Clone, Copy)]
pub struct Chat {
    /// The output limit's name.
    pub limit: &'static str,
    /// The role of who gives instructions.
    pub instructs: &'static str,
    /// The word for a tool that must be called.
    pub any_tool: &'static str,
    /// Whether an assistant's call has a thought beside it.
    pub thought: bool,
    /// Whether usage is asked for.
    pub asks_usage: bool,
}

pub const OPENAI: Chat = Chat {
    limit: "max_completion_tokens",
    instructs: "developer",
    any_tool: "required",
    thought: false,
    asks_usage: true,
};
pub const NEWER: Chat = Chat { instructs: "system", ..OPENAI };
const OLDER: Chat = Chat { limit: "max_tokens", ..NEWER };
pub const THINKING: Chat = Chat { thought: true, ..OLDER };
pub const MISTRAL: Chat = Chat { any_tool: "any", asks_usage: false, ..OLDER };

const BEARER: Option<(&str, &str)> = Some(("authorization", "Bearer "));
pub const BUSY: Refusal =
    (429, r#"{"error":{"message":"Rate limit reached","type":"rate_limit_error"}}"#, "upstream_rate_limited");
pub const POOR: Refusal = (402, r#"{"error":{"message":"Insufficient Balance"}}"#, "upstream_unavailable");
const WRONG_KEY: Refusal = (401, r#"{"error":{"message":"Invalid API key"}}"#, "upstream_unavailable");
const DOWN: Refusal = (503, "upstream connect error or disconnect/reset before headers", "upstream_error");

/// A case of a provider that speaks as most do.
pub const fn open(provider: &'static str, path: &'static str) -> Case {
    Case {
        provider,
        path,
        auth: BEARER,
        chat: OLDER,
        answer: plain,
        usage: [10, 0, 5],
        refusals: &[BUSY, POOR, WRONG_KEY, DOWN],
    }
}
