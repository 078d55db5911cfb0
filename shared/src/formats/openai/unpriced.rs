//! The members with which a provider would do, or charge for, something that is not priced here, and what they may be all
//! the same.

use serde_json::Value;

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

/// Members with which a provider would do, or charge for, something that is not priced here.
pub const PRICED: &[(&str, Allowed, &str)] = &[
    ("models", Nothing, "`models` would let the provider choose; name one model in `model`, fallbacks are automatic."),
    (
        "fallbacks",
        Nothing,
        "`fallbacks` would let the provider choose; name one model in `model`, fallbacks are automatic.",
    ),
    ("fallback_models", Nothing, "`fallback_models` would let the provider choose; fallbacks are automatic."),
    ("fallback", Nothing, "`fallback` would let the provider choose; fallbacks are automatic."),
    ("route", Nothing, "`route` would let the provider choose; fallbacks are automatic."),
    ("preset", Nothing, "`preset` would let the provider choose; say in the request what you want."),
    ("engine", Nothing, "Name the model in `model`."),
    ("deployment", Nothing, "Name the model in `model`."),
    ("deployment_id", Nothing, "Name the model in `model`."),
    ("model_id", Nothing, "Name the model in `model`."),
    ("model_name", Nothing, "Name the model in `model`."),
    (
        "extra_body",
        Nothing,
        "`extra_body` is an argument of OpenAI's SDK, which sends its members beside the others; do so.",
    ),
    ("options", Nothing, "`options` belongs to another API; write its members beside `model`, in OpenAI's names."),
    (
        "parameters",
        Nothing,
        "`parameters` belongs to another API; write its members beside `model`, in OpenAI's names.",
    ),
    ("sampling_params", Nothing, "`sampling_params` belongs to another API; write its members beside `model`."),
    ("generation_config", Nothing, "`generation_config` belongs to another API; write its members beside `model`."),
    ("plugins", Nothing, "`plugins` are charged apart by the provider and are not offered here."),
    ("web_search_options", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("search_parameters", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("search_settings", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("enable_search", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("search_options", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("search_type", Nothing, "Web search is charged apart by the provider and is not offered here."),
    ("data_sources", Nothing, "Tools that run at the provider are charged apart and are not offered here."),
    ("enable_code_interpreter", Nothing, "Tools that run at the provider are charged apart and are not offered here."),
    ("safety_model", Nothing, "`safety_model` is charged apart by the provider and is not offered here."),
    ("deferred", Nothing, "`deferred` is not offered here; stream the answer instead."),
    ("mcp_servers", Nothing, "Tools that run at the provider are charged apart and are not offered here."),
    ("container", Nothing, "Tools that run at the provider are charged apart and are not offered here."),
    ("background", Nothing, "`background` is not offered here; stream the answer instead."),
    ("background_options", Nothing, "`background_options` is not offered here; stream the answer instead."),
    ("moderation", Nothing, "`moderation` is charged apart by the provider and is not offered here."),
    (
        "image_config",
        Nothing,
        "`image_config` goes with pictures, which are made at POST /v1/chat/completions and /v1/responses; leave it out here.",
    ),
    ("audio", Nothing, "Answers in sound are charged apart by the provider and are not offered here."),
    (
        "modalities",
        ListOf(&["text"]),
        "`modalities` may be [\"text\"] only. Pictures are made at POST /v1/chat/completions and /v1/responses with [\"image\", \"text\"], \
         and at POST /images/generate; answers in sound are not offered here.",
    ),
    (
        "service_tier",
        Words(&["auto", "default", "flex", "standard_only"]),
        "`service_tier` is auto, default, flex or standard_only; faster tiers are charged apart and are not offered here.",
    ),
    ("speed", Words(&["standard"]), "`speed` is standard; faster ones are charged apart and are not offered here."),
    (
        "inference_geo",
        Words(&["global"]),
        "`inference_geo` is global; other places are charged apart and are not offered here.",
    ),
    ("cache_control", ShortCache, CACHE),
    ("prompt_cache_breakpoint", ShortCache, CACHE),
    ("prompt_cache_options", ShortCache, CACHE),
    (
        "prompt_cache_retention",
        Words(SHORT),
        "`prompt_cache_retention` is in_memory; a longer one may be charged apart and is not offered here.",
    ),
];

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
