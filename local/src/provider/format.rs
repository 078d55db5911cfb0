//! The endpoints. Four complete: OpenAI's chat completions, its legacy text completions and its Responses, and Anthropic's
//! Messages. Others give what is no text.
//!
//! What a request may say and how its answer looks on the wire differ; what the answer is and every behaviour are the
//! same.

use super::vendor::Vendor;

/// Which endpoint a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Chat,
    Text,
    Messages,
    Responses,
    Embeddings,
    Rerank,
    Images,
    /// OpenRouter's own.
    OwnImages,
    Edits,
    Speech,
    Transcription,
    Translation,
}

impl Format {
    pub(super) const ALL: [Self; 12] = [
        Self::Chat,
        Self::Text,
        Self::Messages,
        Self::Responses,
        Self::Embeddings,
        Self::Rerank,
        Self::Images,
        Self::OwnImages,
        Self::Edits,
        Self::Speech,
        Self::Transcription,
        Self::Translation,
    ];

    /// Whether its requests come as forms with files.
    pub(super) const fn takes_forms(self) -> bool {
        matches!(self, Self::Edits | Self::Transcription | Self::Translation)
    }

    /// Whether its answers are a text, which can be streamed.
    pub(super) const fn completes(self) -> bool {
        matches!(self, Self::Chat | Self::Text | Self::Messages | Self::Responses)
    }

    /// Under a provider's base path.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Text => "/completions",
            Self::Messages => "/messages",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
            Self::Rerank => "/rerank",
            Self::Images => "/images/generations",
            Self::OwnImages => "/images",
            Self::Edits => "/images/edits",
            Self::Speech => "/audio/speech",
            Self::Transcription => "/audio/transcriptions",
            Self::Translation => "/audio/translations",
        }
    }

    pub(super) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.path() == path)
    }

    /// `object` of a plain answer; a message has `type` in its place.
    pub(super) const fn object(self) -> &'static str {
        match self {
            Self::Chat => "chat.completion",
            Self::Text => "text_completion",
            Self::Messages => "message",
            Self::Responses => "response",
            Self::Embeddings => "list",
            _ => "",
        }
    }

    /// `object` of a stream's chunks.
    pub(super) const fn chunk_object(self) -> &'static str {
        match self {
            Self::Chat => "chat.completion.chunk",
            Self::Text => "text_completion",
            Self::Messages => "message",
            Self::Responses => "response",
            _ => "",
        }
    }

    /// What the `id` of an answer begins with.
    pub(super) const fn id_prefix(self, vendor: Vendor) -> &'static str {
        match (vendor, self) {
            (_, Self::Messages) => "msg_",
            (_, Self::Responses) => "resp_",
            (Vendor::OpenRouter, _) => "gen-",
            (_, Self::Chat) => "chatcmpl-",
            (_, Self::Text) => "cmpl-",
            (_, Self::Embeddings) => "embd-",
            (_, Self::Rerank) => "rerank-",
            _ => "made-",
        }
    }
}
