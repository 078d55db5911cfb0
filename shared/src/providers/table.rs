//! The providers. Adding one that speaks OpenAI chat or Anthropic's Messages is adding a row.

use super::{Authentication, Provider, Quirks};
use crate::formats::format::Format;

const CHAT: (Format, &str) = (Format::Chat, "/chat/completions");
const COMPLETIONS: (Format, &str) = (Format::Completions, "/completions");
const MESSAGES: (Format, &str) = (Format::Messages, "/messages");
const RESPONSES: (Format, &str) = (Format::Responses, "/responses");
const EMBEDDINGS: (Format, &str) = (Format::Embeddings, "/embeddings");
const RERANK: (Format, &str) = (Format::Rerank, "/rerank");
const SPEECH: (Format, &str) = (Format::Speech, "/audio/speech");
const IMAGES: (Format, &str) = (Format::ImageGeneration, "/images/generations");
const EDITS: (Format, &str) = (Format::ImageEdit, "/images/edits");
const TRANSCRIPTIONS: (Format, &str) = (Format::Transcription, "/audio/transcriptions");
const TRANSLATIONS: (Format, &str) = (Format::Translation, "/audio/translations");

/// Every provider the gateway knows.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        authentication: Authentication::Bearer,
        speaks: &[
            CHAT,
            COMPLETIONS,
            MESSAGES,
            RESPONSES,
            EMBEDDINGS,
            RERANK,
            (Format::ImageGeneration, "/images"),
            SPEECH,
        ],
        quirks: Quirks { sends_app: true, open_weights: false, own_images: true, strict: false },
    },
    Provider {
        name: "portkey",
        base_url: "https://api.portkey.ai/v1",
        authentication: Authentication::Portkey,
        // It routes to OpenAI, whose models of today answer text completions with an error.
        speaks: &[CHAT, EMBEDDINGS, RERANK, IMAGES, EDITS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS],
        quirks: Quirks { sends_app: false, open_weights: false, own_images: false, strict: false },
    },
    Provider {
        name: "featherless",
        base_url: "https://api.featherless.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS, EMBEDDINGS],
        quirks: Quirks { sends_app: false, open_weights: true, own_images: false, strict: false },
    },
    Provider {
        name: "chutes",
        base_url: "https://llm.chutes.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS],
        quirks: Quirks { sends_app: false, open_weights: true, own_images: false, strict: false },
    },
    Provider {
        name: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        authentication: Authentication::ApiKey,
        // Its chat endpoint is a thin layer that leaves out prompt caches and thoughts.
        speaks: &[MESSAGES],
        quirks: Quirks { sends_app: false, open_weights: false, own_images: false, strict: false },
    },
    Provider {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        authentication: Authentication::Bearer,
        // Its models of today answer text completions with an error: these are chats.
        speaks: &[CHAT, RESPONSES, EMBEDDINGS, IMAGES, EDITS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS],
        quirks: Quirks { sends_app: false, open_weights: false, own_images: false, strict: true },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_speaks_a_format_into_which_all_that_writes_text_is_translated() {
        for provider in PROVIDERS {
            let speaks = |format| provider.path(format).is_some();
            assert!(speaks(Format::Chat) || speaks(Format::Messages), "{}", provider.name);
        }
    }
}
