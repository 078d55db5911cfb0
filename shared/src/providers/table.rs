//! The providers. Adding one that speaks OpenAI chat or Anthropic's Messages is adding a row, its variables included.
//!
//! Addresses and paths are those of the providers' own documentation, read in November 2026. Of a provider's further
//! formats a row names those that its documentation shows in OpenAI's or Anthropic's shape; what it does not name is
//! translated into chat.

use super::quirks::{ChatDialect, Quirks};
use super::{Authentication, Provider};
use crate::formats::format::Format;
use crate::variable::{Group, Kind, Presence, Variable};

const CHAT: (Format, &str) = (Format::Chat, "/chat/completions");
const COMPLETIONS: (Format, &str) = (Format::Completions, "/completions");
const MESSAGES: (Format, &str) = (Format::Messages, "/messages");
const RESPONSES: (Format, &str) = (Format::Responses, "/responses");
const EMBEDDINGS: (Format, &str) = (Format::Embeddings, "/embeddings");
const RERANK: (Format, &str) = (Format::Rerank, "/rerank");
const SPEECH: (Format, &str) = (Format::Speech, "/audio/speech");
const IMAGES: (Format, &str) = (Format::ImageGeneration, "/images/generations");
const OWN_IMAGES: (Format, &str) = (Format::ImageGeneration, "/images");
const EDITS: (Format, &str) = (Format::ImageEdit, "/images/edits");
const TRANSCRIPTIONS: (Format, &str) = (Format::Transcription, "/audio/transcriptions");
const TRANSLATIONS: (Format, &str) = (Format::Translation, "/audio/translations");

/// The formats by the names that a configuration has for them, each at its usual path.
pub const FORMATS: [(&str, (Format, &str)); Format::ALL.len()] = [
    ("chat", CHAT),
    ("completions", COMPLETIONS),
    ("messages", MESSAGES),
    ("responses", RESPONSES),
    ("embeddings", EMBEDDINGS),
    ("rerank", RERANK),
    ("images", IMAGES),
    ("image_edits", EDITS),
    ("speech", SPEECH),
    ("transcriptions", TRANSCRIPTIONS),
    ("translations", TRANSLATIONS),
];

use Authentication::{Bearer, Header, Portkey};

/// What most rows share.
const PLAIN: Quirks = Quirks::PLAIN;
/// Servers of open models, whose chat knows a system message and no developer's, and of the output limit's names the older.
pub const OPEN: Quirks = Quirks { open_weights: true, chat: OLDER, ..PLAIN };
const OLDER: ChatDialect = ChatDialect { older_limit: true, system_only: true, ..ChatDialect::PLAIN };
const SYSTEM_ONLY: ChatDialect = ChatDialect { system_only: true, ..ChatDialect::PLAIN };
/// Models that think before they call a tool, and want to be told again what.
const THINKING: ChatDialect = ChatDialect { wants_thoughts: true, ..OLDER };

/// Declares the rows: name, the beginning of its variables' names, its title, how it wants our key, where it is or, where
/// that differs from account to account, what its address is like, what it speaks, what is different about it.
macro_rules! providers {
    ($($name:literal $upper:literal $title:literal $authentication:ident $(($header:literal))? $place:ident $address:literal
        [$($format:expr),+] $quirks:expr;)*) => {
        /// Every provider the gateway knows.
        pub static PROVIDERS: &[Provider] = &[$(Provider {
            name: $name,
            title: $title,
            base_url: providers!(base_url $place $address),
            authentication: $authentication $(($header))?,
            speaks: &[$($format),+],
            quirks: $quirks,
            key: Variable {
                name: concat!($upper, "_API_KEY"),
                group: Group::Providers,
                purpose: concat!("our account at ", $title),
                kind: Kind::Secret,
                presence: Presence::Optional,
            },
            address: Variable {
                name: concat!($upper, "_BASE_URL"),
                group: Group::Providers,
                purpose: providers!(purpose $place $title $address),
                kind: Kind::Url,
                presence: providers!(presence $place $address),
            },
        },)*];
    };
    (base_url at $address:literal) => { $address };
    (base_url like $address:literal) => { "" };
    (purpose at $title:literal $address:literal) => { concat!("another address of ", $title) };
    (purpose like $title:literal $address:literal) => { concat!("where our ", $title, " is, such as ", $address) };
    (presence at $address:literal) => { Presence::Default($address) };
    (presence like $address:literal) => { Presence::Optional };
}

providers! {
    "openrouter" "OPENROUTER" "OpenRouter" Bearer at "https://openrouter.ai/api/v1"
        [CHAT, COMPLETIONS, MESSAGES, RESPONSES, EMBEDDINGS, RERANK, OWN_IMAGES, SPEECH]
        Quirks { sends_app: true, own_images: true, ..PLAIN };
    // It routes to OpenAI, whose models of today answer text completions with an error.
    "portkey" "PORTKEY" "Portkey" Portkey at "https://api.portkey.ai/v1"
        [CHAT, EMBEDDINGS, RERANK, IMAGES, EDITS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS] PLAIN;
    "featherless" "FEATHERLESS" "Featherless" Bearer at "https://api.featherless.ai/v1"
        [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "chutes" "CHUTES" "Chutes" Bearer at "https://llm.chutes.ai/v1" [CHAT, COMPLETIONS] OPEN;
    // Its chat endpoint is a thin layer that leaves out prompt caches and thoughts.
    "anthropic" "ANTHROPIC" "Anthropic" Header("x-api-key") at "https://api.anthropic.com/v1" [MESSAGES] PLAIN;
    // Its models of today answer text completions with an error: these are chats.
    "openai" "OPENAI" "OpenAI" Bearer at "https://api.openai.com/v1"
        [CHAT, RESPONSES, EMBEDDINGS, IMAGES, EDITS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS]
        Quirks { strict: true, ..PLAIN };

    // Those who make models.
    "gemini" "GEMINI" "Google Gemini" Bearer at "https://generativelanguage.googleapis.com/v1beta/openai"
        [CHAT, EMBEDDINGS] Quirks { chat: SYSTEM_ONLY, ..PLAIN };
    "xai" "XAI" "xAI" Bearer at "https://api.x.ai/v1" [CHAT] Quirks { chat: SYSTEM_ONLY, ..PLAIN };
    "mistral" "MISTRAL" "Mistral" Bearer at "https://api.mistral.ai/v1" [CHAT, EMBEDDINGS]
        Quirks { chat: ChatDialect { usage_unasked: true, any_tool: true, ..OLDER }, ..PLAIN };
    "deepseek" "DEEPSEEK" "DeepSeek" Bearer at "https://api.deepseek.com" [CHAT] Quirks { chat: THINKING, ..PLAIN };
    "moonshot" "MOONSHOT" "Moonshot" Bearer at "https://api.moonshot.ai/v1" [CHAT] Quirks { chat: THINKING, ..PLAIN };
    "zai" "ZAI" "Z.ai" Bearer at "https://api.z.ai/api/paas/v4" [CHAT] Quirks { chat: THINKING, ..PLAIN };
    "minimax" "MINIMAX" "MiniMax" Bearer at "https://api.minimax.io/v1" [CHAT] Quirks { chat: THINKING, ..PLAIN };
    "dashscope" "DASHSCOPE" "Alibaba DashScope" Bearer at "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
        [CHAT, EMBEDDINGS] Quirks { chat: OLDER, ..PLAIN };
    "cohere" "COHERE" "Cohere" Bearer at "https://api.cohere.ai/compatibility/v1" [CHAT, EMBEDDINGS]
        Quirks { chat: OLDER, ..PLAIN };
    "perplexity" "PERPLEXITY" "Perplexity" Bearer at "https://api.perplexity.ai" [CHAT] Quirks { chat: OLDER, ..PLAIN };

    // Those who serve models.
    "groq" "GROQ" "Groq" Bearer at "https://api.groq.com/openai/v1" [CHAT, TRANSCRIPTIONS, TRANSLATIONS]
        Quirks { chat: SYSTEM_ONLY, ..PLAIN };
    "cerebras" "CEREBRAS" "Cerebras" Bearer at "https://api.cerebras.ai/v1" [CHAT] Quirks { chat: OLDER, ..PLAIN };
    "sambanova" "SAMBANOVA" "SambaNova" Bearer at "https://api.sambanova.ai/v1" [CHAT, EMBEDDINGS]
        Quirks { chat: OLDER, ..PLAIN };
    "nvidia" "NVIDIA" "NVIDIA NIM" Bearer at "https://integrate.api.nvidia.com/v1" [CHAT, EMBEDDINGS]
        Quirks { chat: OLDER, ..PLAIN };
    "together" "TOGETHER" "Together" Bearer at "https://api.together.ai/v1" [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "fireworks" "FIREWORKS" "Fireworks" Bearer at "https://api.fireworks.ai/inference/v1"
        [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "deepinfra" "DEEPINFRA" "DeepInfra" Bearer at "https://api.deepinfra.com/v1/openai"
        [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "novita" "NOVITA" "Novita" Bearer at "https://api.novita.ai/openai/v1" [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "nebius" "NEBIUS" "Nebius Token Factory" Bearer at "https://api.tokenfactory.nebius.com/v1"
        [CHAT, COMPLETIONS, EMBEDDINGS] OPEN;
    "hyperbolic" "HYPERBOLIC" "Hyperbolic" Bearer at "https://api.hyperbolic.xyz/v1" [CHAT, COMPLETIONS] OPEN;
    "siliconflow" "SILICONFLOW" "SiliconFlow" Bearer at "https://api.siliconflow.com/v1" [CHAT, EMBEDDINGS] OPEN;
    "huggingface" "HUGGINGFACE" "Hugging Face" Bearer at "https://router.huggingface.co/v1" [CHAT] OPEN;
    "baseten" "BASETEN" "Baseten" Bearer at "https://inference.baseten.co/v1" [CHAT] OPEN;

    // Clouds. Where three of them are differs from account to account.
    "vercel" "AI_GATEWAY" "Vercel AI Gateway" Bearer at "https://ai-gateway.vercel.sh/v1" [CHAT, EMBEDDINGS]
        Quirks { chat: SYSTEM_ONLY, ..PLAIN };
    "azure" "AZURE_OPENAI" "Azure OpenAI" Header("api-key") like "https://RESOURCE.openai.azure.com/openai/v1"
        [CHAT, RESPONSES, EMBEDDINGS] Quirks { strict: true, ..PLAIN };
    "bedrock" "BEDROCK" "Amazon Bedrock" Bearer like "https://bedrock-runtime.REGION.amazonaws.com/openai/v1"
        [CHAT] Quirks { chat: OLDER, ..PLAIN };
    "cloudflare" "CLOUDFLARE" "Cloudflare Workers AI" Bearer
        like "https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1"
        [CHAT, EMBEDDINGS] Quirks { chat: OLDER, ..PLAIN };

    // Servers of one's own.
    "vllm" "VLLM" "vLLM or SGLang" Bearer like "http://HOST:8000/v1" [CHAT, COMPLETIONS, EMBEDDINGS]
        Quirks { self_hosted: true, ..OPEN };
    "ollama" "OLLAMA" "Ollama" Bearer like "http://HOST:11434/v1" [CHAT, COMPLETIONS, EMBEDDINGS]
        Quirks { self_hosted: true, ..OPEN };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_provider_speaks_a_format_into_which_all_that_writes_text_is_translated() {
        for provider in PROVIDERS {
            let speaks = |format| provider.path(format).is_some();
            assert!(speaks(Format::Chat) || speaks(Format::Messages), "{}", provider.name);
        }
    }

    #[test]
    fn each_has_a_name_and_variables_of_its_own() {
        let mut names = HashSet::new();
        for provider in PROVIDERS {
            assert!(provider.name.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", provider.name);
            for name in [provider.name, provider.key.name, provider.address.name] {
                assert!(names.insert(name), "{name} stands twice");
            }
        }
    }
}
