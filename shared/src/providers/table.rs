//! The providers. Adding one that speaks OpenAI chat is adding a row.

use super::{Authentication, Provider, Quirks};
use crate::formats::format::Format;

const CHAT: (Format, &str) = (Format::Chat, "/chat/completions");
const COMPLETIONS: (Format, &str) = (Format::Completions, "/completions");

/// Every provider the gateway knows.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS],
        quirks: Quirks { sends_app: true },
    },
    Provider {
        name: "portkey",
        base_url: "https://api.portkey.ai/v1",
        authentication: Authentication::Portkey,
        // It routes to OpenAI, whose models of today answer text completions with an error.
        speaks: &[CHAT],
        quirks: Quirks { sends_app: false },
    },
    Provider {
        name: "featherless",
        base_url: "https://api.featherless.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS],
        quirks: Quirks { sends_app: false },
    },
    Provider {
        name: "chutes",
        base_url: "https://llm.chutes.ai/v1",
        authentication: Authentication::Bearer,
        speaks: &[CHAT, COMPLETIONS],
        quirks: Quirks { sends_app: false },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_speaks_chat_into_which_all_else_is_translated() {
        for provider in PROVIDERS {
            assert!(provider.path(Format::Chat).is_some(), "{}", provider.name);
        }
    }
}
