//! What differs between the providers: base path, endpoints, key header, the field of a reasoning text, the shape of an error.

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{error::ApiError, format::Format};

/// One of the originals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenRouter,
    Portkey,
    Featherless,
    Chutes,
    Anthropic,
    OpenAi,
}

impl Vendor {
    pub(super) const ALL: [Self; 6] =
        [Self::OpenRouter, Self::Portkey, Self::Featherless, Self::Chutes, Self::Anthropic, Self::OpenAi];

    pub(super) fn name(self) -> &'static str {
        super::NAMES[self as usize]
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == name)
    }

    pub(super) fn base_path(self) -> &'static str {
        match self {
            Self::OpenRouter => "/openrouter/api/v1",
            Self::Portkey => "/portkey/v1",
            Self::Featherless => "/featherless/v1",
            Self::Chutes => "/chutes/v1",
            Self::Anthropic => "/anthropic/v1",
            Self::OpenAi => "/openai/v1",
        }
    }

    /// Whether it has the endpoint.
    pub(super) const fn has(self, format: Format) -> bool {
        match format {
            Format::Messages => matches!(self, Self::OpenRouter | Self::Anthropic),
            Format::Responses => matches!(self, Self::OpenRouter | Self::OpenAi),
            Format::Chat => !matches!(self, Self::Anthropic),
            // The models that OpenAI has today are no completion models.
            Format::Text => !matches!(self, Self::Anthropic | Self::OpenAi),
            Format::Images => matches!(self, Self::Portkey | Self::OpenAi),
            Format::OwnImages => matches!(self, Self::OpenRouter),
            Format::Edits | Format::Transcription | Format::Translation => matches!(self, Self::Portkey | Self::OpenAi),
            Format::Speech => matches!(self, Self::OpenRouter | Self::Portkey | Self::OpenAi),
            Format::Rerank => matches!(self, Self::OpenRouter | Self::Portkey),
            Format::Embeddings => {
                matches!(self, Self::OpenRouter | Self::Portkey | Self::Featherless | Self::OpenAi)
            }
        }
    }

    /// The provider whose base path `path` begins with, and what follows it.
    pub(super) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|vendor| Some((vendor, path.strip_prefix(vendor.base_path())?)))
    }

    /// OpenRouter calls it `reasoning`; the others pass on the `reasoning_content` of the open-weight servers.
    pub(super) fn reasoning_field(self) -> &'static str {
        match self {
            Self::OpenRouter => "reasoning",
            Self::Portkey | Self::Featherless | Self::Chutes | Self::Anthropic | Self::OpenAi => "reasoning_content",
        }
    }

    /// Checks the caller's key, at Portkey that the request says whom to ask, and at Anthropic which version it speaks.
    ///
    /// # Errors
    /// 401 without a right key; 400 without a route or a version, which are reported before the body is looked at.
    pub(super) fn authorise(self, headers: &HeaderMap, is_right: impl FnOnce(&str) -> bool) -> Result<(), ApiError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|v| !v.is_empty());
        let given = match self {
            Self::Portkey => header("x-portkey-api-key"),
            Self::Anthropic => header("x-api-key"),
            Self::OpenRouter | Self::Featherless | Self::Chutes | Self::OpenAi => {
                header("authorization").and_then(|value| value.strip_prefix("Bearer "))
            }
        };
        let Some(given) = given else {
            return Err(ApiError::unauthorised("no key was sent"));
        };
        if !is_right(given) {
            // Some providers repeat the end of a refused key; a gateway must not pass that on.
            let tail: String = given.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            return Err(ApiError::unauthorised(format!("the key ****{tail} is not valid here")));
        }
        let routed = header("x-portkey-provider").or_else(|| header("x-portkey-virtual-key")).is_some();
        if self == Self::Portkey && !routed {
            let message = "one of x-portkey-provider and x-portkey-virtual-key is needed";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
        }
        if self == Self::Anthropic && header("anthropic-version") != Some("2023-06-01") {
            return Err(ApiError::bad_request("anthropic-version: header is required"));
        }
        Ok(())
    }

    /// Refuses what the provider does not know. OpenAI does so with every member that its API has not; what is listed here is
    /// what clients of other providers send.
    ///
    /// # Errors
    /// 400 that names the member.
    pub(super) fn knows(self, format: Format, body: &Value) -> Result<(), ApiError> {
        if self != Self::OpenAi || format != Format::Chat {
            return Ok(());
        }
        if !body["max_tokens"].is_null() {
            let message = "is not supported with this model. Use 'max_completion_tokens' instead.";
            return Err(ApiError::parameter("max_tokens", "unsupported_parameter", message));
        }
        let unknown = |member: &str| ApiError::parameter(member, "unknown_parameter", "is unknown");
        let has =
            |object: &Value, names: &[&'static str]| names.iter().copied().find(|name| object.get(name).is_some());
        if let Some(name) =
            has(body, &["reasoning", "include_reasoning", "usage", "top_k", "top_a", "min_p", "provider"])
        {
            return Err(unknown(name));
        }
        let items = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
        let messages = items(&body["messages"]);
        let parts = messages.iter().flat_map(|message| items(&message["content"]));
        let within: Vec<Value> = parts.chain(items(&body["tools"])).chain(messages.iter().cloned()).collect();
        match within.iter().find_map(|one| has(one, &["cache_control", "reasoning", "reasoning_details"])) {
            Some(name) => Err(unknown(&format!("messages.{name}"))),
            None => Ok(()),
        }
    }

    /// An error in this provider's dialect, at that endpoint. OpenRouter (<https://openrouter.ai/docs/api/reference/errors-and-debugging>)
    /// and the vLLM servers behind Chutes give the status as a number in `code`; Portkey names the provider it asked.
    pub(super) fn error_body(self, format: Format, error: &ApiError) -> Value {
        let ApiError { status, message, kind, param, code } = error;
        if format == Format::Messages {
            let kind = error.messages_kind();
            return json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_standin"});
        }
        let status = status.as_u16();
        match self {
            Self::OpenRouter => json!({"error": {"message": message, "code": status}}),
            Self::Chutes => json!({"error": {"message": message, "type": kind, "param": param, "code": status}}),
            Self::Featherless | Self::Anthropic | Self::OpenAi => {
                json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
            }
            Self::Portkey => json!({
                "error": {"message": format!("openai error: {message}"), "type": kind, "param": param, "code": code},
                "provider": "openai",
            }),
        }
    }
}
