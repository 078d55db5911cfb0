//! The providers. Adding one that speaks OpenAI chat or Anthropic's Messages is adding a row.

use super::{Authentication, Provider, Quirks};
use crate::formats::format::Format;

const CHAT: (Format, &str) = (Format::Chat, "/chat/completions");
const COMPLETIONS: (Format, &str) = (Format::Completions, "/completions");
const MESSAGES: (Format, &str) = (Format::Messages, "/messages");
const EMBEDDINGS: (Format, &str) = (Format::Embeddings, "/embeddings");

/// Every provider the gateway knows.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS, MESSAGES, EMBEDDINGS],
        quirks: Quirks { sends_app: true, open_weights: false },
    },
    Provider {
        name: "portkey",
        base_url: "https://api.portkey.ai/v1",
        authentication: Authentication::Portkey,
        // It routes to OpenAI, whose models of today answer text completions with an error.
        speaks: &[CHAT, EMBEDDINGS],
        quirks: Quirks { sends_app: false, open_weights: false },
    },
    Provider {
        name: "featherless",
        base_url: "https://api.featherless.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS, EMBEDDINGS],
        quirks: Quirks { sends_app: false, open_weights: true },
    },
    Provider {
        name: "chutes",
        base_url: "https://llm.chutes.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS],
        quirks: Quirks { sends_app: false, open_weights: true },
    },
    Provider {
        name: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        authentication: Authentication::ApiKey,
        // Its chat endpoint is a thin layer that leaves out prompt caches and thoughts.
        speaks: &[MESSAGES],
        quirks: Quirks { sends_app: false, open_weights: false },
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
