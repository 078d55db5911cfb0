//! Everything in a request that a provider charges for, in one list: each is priced, translated into what is priced, or refused by
//! its name. What the list does not hold is passed on, as OpenAI's SDKs expect of a server.
//!
//! Who charges for what is as the providers' own documentation had it in November 2026. A test goes through the list in every
//! format; another compares the kinds that are priced with those that the database charges.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::object::Object;

/// Something that a provider charges for.
pub struct Charge {
    /// The member that asks for it; of one within another the place, `tools[].type`.
    pub member: &'static str,
    /// Who charges for it, and how.
    pub charged: &'static str,
    /// Members of a request that ask for it, as JSON; empty where any request does.
    pub asks: &'static str,
    /// What becomes of it here.
    pub how: How,
}

/// What becomes of something that a provider charges for.
pub enum How {
    /// The hold reckons with it and the settle charges it, as these kinds of a price (`gateway.price`).
    Priced(&'static [&'static str]),
    /// It is left out of what the provider is sent, since the answer is the same without it.
    LeftOut,
    /// The member is refused unless it is allowed, with this message.
    Refused(Allowed, &'static str),
    /// It is refused where what is around it is read.
    RefusedWithin,
}

/// What a member may be.
pub enum Allowed {
    /// Nothing but null, false or an empty array.
    Nothing,
    /// One of these words, or null.
    Words(&'static [&'static str]),
    /// An array of these words, or null.
    ListOf(&'static [&'static str]),
    /// An object whose `ttl` is not charged apart, or null.
    ShortCache,
}

use Allowed::{ListOf, Nothing, ShortCache, Words};

/// Lives of a cache whose writing costs what the catalog says.
const SHORT: &[&str] = &["5m", "30m", "in_memory", "in-memory"];

/// Told to who asks for a cache that is charged at another price than the one in the catalog.
pub const CACHE: &str = "A prompt cache that lives longer than usual is charged apart by the provider and is not offered \
                     here; leave out `ttl`, or write 5m. Chats and messages have Anthropic's `cache_control` of 1h.";

const NAME_ONE: &str = "Name the model in `model`.";
const ONE_MODEL: &str = "This would let the provider choose; name one model in `model`, fallbacks are automatic.";
const OTHER_API: &str = "This belongs to another API; write its members beside `model`, in OpenAI's names.";
const SEARCH: &str = "Web search is charged apart by the provider and is not offered here.";
const AT_PROVIDER: &str = "Tools that run at the provider are charged apart and are not offered here.";
const SECOND_MODEL: &str = "A second model is charged apart by the provider and is not offered here.";
const LATER: &str = "An answer that is fetched later is not offered here; stream it instead.";

/// Declares the list: what becomes of it, the member, who charges for it, a request that asks for it, what is told.
macro_rules! charges {
    ($($how:ident $([$($kind:literal),+])? $(($allowed:expr))? $member:literal $charged:literal $($asks:literal $(=> $told:expr)?)?;)*) => {
        /// The list.
        pub static CHARGED: &[Charge] = &[$(Charge {
            member: $member,
            charged: $charged,
            asks: concat!($($asks)?),
            how: charges!(@$how $($($kind),+)? $($allowed,)? $($($told)?)?),
        },)*];
    };
    (@priced $($kind:literal),+) => { How::Priced(&[$($kind),+]) };
    (@left_out) => { How::LeftOut };
    (@within) => { How::RefusedWithin };
    (@refused $allowed:expr, $told:expr) => { How::Refused($allowed, $told) };
}

charges! {
    // What is sold.
    priced ["prompt", "cached"] "messages" "everyone, by the token";
    priced ["completion"] "max_tokens" "everyone, by the token of the answer";
    priced ["completion"] "n" "everyone, each choice as an answer";
    priced ["reasoning"] "reasoning" "everyone, thoughts as tokens of the answer; a few by a price of their own";
    priced ["image_input", "request"] "messages[].content[].image_url" "everyone, by tokens; a few by the picture";
    priced ["audio_input"] "messages[].content[].input_audio" "OpenAI, Google: tokens of sound";
    priced ["written"] "cache_control" "Anthropic, OpenAI: what is written into a cache for minutes";
    priced ["written_long"] "cache_control.ttl" "Anthropic: what is written for an hour";
    priced ["image_output"] "modalities" "OpenRouter, Google: tokens of pictures in an answer";
    priced ["image", "image_output"] "size, quality and n of images" "OpenAI: by the picture, or by its tokens";
    priced ["character", "audio_output"] "input of speech" "OpenAI: by the character, or by the token of sound";
    priced ["second", "audio_input"] "file of a transcription" "OpenAI, Groq: by the second, or by the token of sound";
    priced ["search"] "documents of a ranking" "Cohere, and who serves its models: by the search";
    // What changes how fast an answer comes, and not the answer.
    left_out "prediction" "OpenAI, Mistral, Cerebras: what was predicted and not written, as tokens beyond the answer's limit"
        r#"{"prediction":{"type":"content","content":"for x in y:"}}"#;
    // Another model than the one that is held for.
    refused (Nothing) "models" "OpenRouter: as the model that answered"
        r#"{"models":["a","b"]}"# => ONE_MODEL;
    refused (Nothing) "fallbacks" "Anthropic, LiteLLM: as the model that answered"
        r#"{"fallbacks":["a"]}"# => ONE_MODEL;
    refused (Nothing) "fallback_models" "gateways: as the model that answered"
        r#"{"fallback_models":["a"]}"# => ONE_MODEL;
    refused (Nothing) "fallback" "gateways: as the model that answered"
        r#"{"fallback":"a"}"# => ONE_MODEL;
    refused (Nothing) "route" "OpenRouter: as the model that answered"
        r#"{"route":"fallback"}"# => ONE_MODEL;
    refused (Nothing) "preset" "OpenRouter: as the model and the plugins that it names"
        r#"{"preset":"deep"}"# =>
        "`preset` would let the provider choose; say in the request what you want.";
    refused (Nothing) "engine" "older servers: as that model"
        r#"{"engine":"a"}"# => NAME_ONE;
    refused (Nothing) "deployment" "Azure: as that model"
        r#"{"deployment":"a"}"# => NAME_ONE;
    refused (Nothing) "deployment_id" "Azure: as that model"
        r#"{"deployment_id":"a"}"# => NAME_ONE;
    refused (Nothing) "model_id" "Baseten, Bedrock: as that model"
        r#"{"model_id":"a"}"# => NAME_ONE;
    refused (Nothing) "model_name" "servers of open models: as that model"
        r#"{"model_name":"a"}"# => NAME_ONE;
    refused (Nothing) "extra_body" "Google: whatever its own API has"
        r#"{"extra_body":{"model":"openai/o1-pro"}}"# =>
        "`extra_body` is an argument of OpenAI's SDK, which sends its members beside the others; do so.";
    refused (Nothing) "options" "Ollama: a longer answer"
        r#"{"options":{"num_predict":9000}}"# => OTHER_API;
    refused (Nothing) "parameters" "DashScope, Hugging Face: a longer answer"
        r#"{"parameters":{"max_new_tokens":9000}}"# => OTHER_API;
    refused (Nothing) "sampling_params" "SGLang: a longer answer"
        r#"{"sampling_params":{"max_new_tokens":9000}}"# => OTHER_API;
    refused (Nothing) "generation_config" "Google: a longer answer"
        r#"{"generation_config":{"max_output_tokens":9000}}"# => OTHER_API;
    // Searches and tools that run at the provider.
    refused (Nothing) "plugins" "OpenRouter, MiniMax: by the search, the page, the call"
        r#"{"plugins":[{"id":"web"}]}"# =>
        "`plugins` are charged apart by the provider and are not offered here.";
    refused (Nothing) "web_search_options" "OpenAI, Perplexity, OpenRouter: by the search"
        r#"{"web_search_options":{}}"# => SEARCH;
    refused (Nothing) "search_parameters" "xAI: by the source"
        r#"{"search_parameters":{"mode":"on"}}"# => SEARCH;
    refused (Nothing) "search_settings" "Groq: by the search"
        r#"{"search_settings":{"country":"no"}}"# => SEARCH;
    refused (Nothing) "enable_search" "DashScope: by the search"
        r#"{"enable_search":true}"# => SEARCH;
    refused (Nothing) "search_options" "DashScope: by the search"
        r#"{"search_options":{"forced_search":true}}"# => SEARCH;
    refused (Nothing) "search_type" "Perplexity: several searches a call"
        r#"{"search_type":"pro"}"# => SEARCH;
    refused (Nothing) "connectors" "Cohere: by the search"
        r#"{"connectors":[{"id":"web-search"}]}"# => SEARCH;
    refused (Nothing) "compound_custom" "Groq: by the tool"
        r#"{"compound_custom":{"tools":{"enabled_tools":["web_search"]}}}"# => AT_PROVIDER;
    refused (Nothing) "data_sources" "Azure: by the query"
        r#"{"data_sources":[{"type":"azure_search"}]}"# => AT_PROVIDER;
    refused (Nothing) "enhancements" "Azure: by the picture"
        r#"{"enhancements":{"ocr":{"enabled":true}}}"# => AT_PROVIDER;
    refused (Nothing) "enable_code_interpreter" "DashScope: by the session"
        r#"{"enable_code_interpreter":true}"# => AT_PROVIDER;
    refused (Nothing) "mcp_servers" "Anthropic: what the tools answer, as tokens"
        r#"{"mcp_servers":[{"url":"https://x.example"}]}"# => AT_PROVIDER;
    refused (Nothing) "container" "Anthropic, OpenAI: by the hour"
        r#"{"container":{"skills":[]}}"# => AT_PROVIDER;
    within "tools[].type" "OpenAI, xAI, Z.ai: by the search"
        r#"{"tools":[{"type":"web_search"}]}"#;
    within "tools[].type" "OpenAI, Anthropic: by the session"
        r#"{"tools":[{"type":"code_interpreter"}]}"#;
    within "tools[].type" "Anthropic: by the search"
        r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#;
    within "tools[].type" "OpenRouter: by the search"
        r#"{"tools":[{"type":"openrouter:web_search"}]}"#;
    within "tools[].type" "Moonshot: by the search"
        r#"{"tools":[{"type":"builtin_function","function":{"name":"$web_search"}}]}"#;
    refused (Nothing) "safety_model" "Together: as a second model"
        r#"{"safety_model":"guard"}"# => SECOND_MODEL;
    refused (Nothing) "moderation" "OpenAI: as a second model"
        r#"{"moderation":{"model":"m"}}"# => SECOND_MODEL;
    // Work that goes on when the call is over.
    refused (Nothing) "deferred" "xAI: an answer that nobody here would fetch"
        r#"{"deferred":true}"# => LATER;
    refused (Nothing) "background" "OpenAI: an answer that nobody here would fetch"
        r#"{"background":true}"# => LATER;
    refused (Nothing) "background_options" "OpenAI: the same"
        r#"{"background_options":{"webhook":"x"}}"# => LATER;
    // Answers besides text.
    refused (Nothing) "image_config" "OpenRouter: larger pictures"
        r#"{"image_config":{"font_inputs":[{"text":"x"}]}}"# =>
        "`image_config` goes with pictures, which are made at POST /v1/chat/completions and /v1/responses; leave it out here.";
    refused (Nothing) "audio" "OpenAI: tokens of sound in an answer"
        r#"{"audio":{"voice":"alloy","format":"wav"}}"# =>
        "Answers in sound are charged apart by the provider and are not offered here.";
    refused (ListOf(&["text"])) "modalities" "OpenAI: tokens of sound in an answer"
        r#"{"modalities":["text","audio"]}"# =>
        "`modalities` may be [\"text\"] only. Pictures are made at POST /v1/chat/completions and /v1/responses with [\"image\", \"text\"], \
         and at POST /images/generate; answers in sound are not offered here.";
    // The same work at another price.
    refused (Words(&["auto", "default", "flex", "standard_only"])) "service_tier" "OpenAI, Anthropic, Groq, Fireworks: a multiple for what is faster"
        r#"{"service_tier":"priority"}"# =>
        "`service_tier` is auto, default, flex or standard_only; faster tiers are charged apart and are not offered here.";
    refused (Words(&["standard"])) "speed" "Anthropic: a multiple"
        r#"{"speed":"fast"}"# =>
        "`speed` is standard; faster ones are charged apart and are not offered here.";
    refused (Words(&["global"])) "inference_geo" "Anthropic: a tenth more in one country"
        r#"{"inference_geo":"us"}"# =>
        "`inference_geo` is global; other places are charged apart and are not offered here.";
    within "reasoning.mode" "OpenAI: several answers, of which one is given"
        r#"{"reasoning":{"mode":"pro"}}"#;
    // Caches that live longer than their price in the catalog says.
    refused (Nothing) "cached_content" "Google: by the hour"
        r#"{"cached_content":"cachedContents/a"}"# => CACHE;
    refused (ShortCache) "cache_control" "Anthropic: a multiple"
        r#"{"cache_control":{"type":"ephemeral","ttl":"12h"}}"# => CACHE;
    refused (ShortCache) "prompt_cache_breakpoint" "OpenAI: a multiple"
        r#"{"prompt_cache_breakpoint":{"ttl":"12h"}}"# => CACHE;
    refused (ShortCache) "prompt_cache_options" "OpenAI: a multiple"
        r#"{"prompt_cache_options":{"ttl":"12h"}}"# => CACHE;
    refused (Words(SHORT)) "prompt_cache_retention" "OpenAI: a multiple"
        r#"{"prompt_cache_retention":"24h"}"# =>
        "`prompt_cache_retention` is in_memory; a longer one may be charged apart and is not offered here.";
}

/// The members that are refused by their own names: what each may be all the same, and what is told.
pub fn refused_members() -> impl Iterator<Item = &'static RefusedMember> {
    REFUSED.values()
}

/// The same of one member, if it is one of them. A request may have hundreds of thousands.
pub fn refused_member(name: &str) -> Option<&'static RefusedMember> {
    REFUSED.get(name)
}

/// A member's name, what it may be all the same, and what is told.
pub type RefusedMember = (&'static str, &'static Allowed, &'static str);

static REFUSED: LazyLock<HashMap<&str, RefusedMember>> = LazyLock::new(|| {
    let refused = CHARGED.iter().filter_map(|charge| match &charge.how {
        How::Refused(allowed, message) => Some((charge.member, (charge.member, allowed, *message))),
        How::Priced(_) | How::LeftOut | How::RefusedWithin => None,
    });
    refused.collect()
});

/// Leaves out of what a provider is sent what the answer is the same without.
pub fn leave_out(request: &mut Object<'_>) {
    for charge in CHARGED.iter().filter(|charge| matches!(charge.how, How::LeftOut)) {
        request.remove(charge.member);
    }
}

/// Whether a member asks for a cache of an hour, by Anthropic's name of it.
pub fn is_cache_of_an_hour(name: &str, json: &str) -> bool {
    let lasts = |value: Value| value.get("ttl").is_some_and(|ttl| ttl == "1h");
    name == "cache_control" && serde_json::from_str(json).is_ok_and(lasts)
}

impl Allowed {
    /// Whether the value, as JSON, is allowed.
    pub fn holds(&self, json: &str) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(json) else { return false };
        let is_word = |value: &Value, words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
        match (self, &value) {
            (_, Value::Null) => true,
            (Nothing, value) => *value == Value::Bool(false) || value.as_array().is_some_and(Vec::is_empty),
            (Words(words), value) => is_word(value, words),
            (ListOf(words), Value::Array(list)) => list.iter().all(|value| is_word(value, words)),
            (ShortCache, Value::Object(cache)) => {
                cache.get("ttl").is_none_or(|ttl| ttl.is_null() || is_word(ttl, SHORT))
            }
            (ListOf(_) | ShortCache, _) => false,
        }
    }
}
