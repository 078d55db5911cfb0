//! Which members of a request are let through: none that would be charged for and is not priced here, and none by
//! which a lenient provider would read another model, more output or more answers than were paid for.
//!
//! Whatever is not named here is passed on, as OpenAI's SDKs expect of a server.

use crate::error::Error;
use crate::formats::charged::{Allowed, CACHE, is_cache_of_an_hour, refused_member, refused_members};
use crate::object::Object;

/// The members of a format on which money depends, and those that mean the same elsewhere.
pub struct Members {
    /// Names that this format has. One that is charged for elsewhere means something else in it.
    pub known: &'static [&'static str],
    /// Other names of the output limit, and of how many answers are written: what to write instead.
    pub instead: &'static [(&'static str, &'static str)],
    /// What the types of further tools begin with that the client runs itself.
    pub client_tools: &'static [&'static str],
    /// Whether a cache of an hour may be asked for. It is one only where its tokens are reported apart from those of a shorter
    /// one, and have a price.
    pub long_cache: bool,
}

/// Names that every format has. Providers that read names whatever their case would read another value than was
/// checked here.
const KNOWN: &[&str] = &["model", "stream", "stream_options", "n", "max_tokens", "provider"];

/// Other names of the output limit and of the number of answers, in every format.
const INSTEAD: &[(&str, &str)] = &[
    ("max_output_tokens", "max_tokens"),
    ("max_new_tokens", "max_tokens"),
    ("max_gen_tokens", "max_tokens"),
    ("max_gen_len", "max_tokens"),
    ("max_length", "max_tokens"),
    ("max_decode_tokens", "max_tokens"),
    ("max_tokens_to_sample", "max_tokens"),
    ("n_predict", "max_tokens"),
    ("num_predict", "max_tokens"),
    ("candidate_count", "n"),
    ("num_return_sequences", "n"),
    ("num_generations", "n"),
    ("num_completions", "n"),
    ("num_beams", "n"),
    ("beam_width", "n"),
    ("use_beam_search", "n"),
];

/// Members that never reach the model's prompt, in every format.
const NOT_IN_PROMPT: &[&str] = &[
    "model",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "user",
    "provider",
    "logprobs",
    "top_logprobs",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "metadata",
    "store",
    "service_tier",
    "parallel_tool_calls",
    "best_of",
    "echo",
];

/// Whether a member may become a part of the prompt: what is not known counts, so that the prompt's bound is one.
#[must_use]
pub fn reaches_prompt(name: &str) -> bool {
    !NOT_IN_PROMPT.contains(&name)
}

/// Refuses every member of a request that is not let through.
///
/// # Errors
/// 400 that names the member.
pub fn check(request: &Object<'_>, format: &Members) -> Result<(), Error> {
    for (name, value) in request.iter() {
        let priced = refused_member(name).filter(|(priced, ..)| !format.known.contains(priced));
        if let Some((name, allowed, message)) = priced {
            let is_offered = format.long_cache && is_cache_of_an_hour(name, value);
            if !is_offered && !allowed.holds(value) {
                return Err(Error::invalid(*name, *message));
            }
        } else if !KNOWN.contains(&name) && !format.known.contains(&name) && value != "null" {
            check_spelling(name, format)?;
        }
    }
    tools(request, format)?;
    reasoning(request)
}

/// Whether a cache lives no longer than the catalog's price allows: `cache_control` and `prompt_cache_breakpoint` of a
/// message, of a part of one, and of a tool. `long`: whether one of an hour may be asked for.
///
/// # Errors
/// What is wrong.
pub fn check_cache(name: &str, value: &str, long: bool) -> Result<(), &'static str> {
    let caches = matches!(name, "cache_control" | "prompt_cache_breakpoint");
    let is_offered = || Allowed::ShortCache.holds(value) || (long && is_cache_of_an_hour(name, value));
    if caches && !is_offered() { Err(CACHE) } else { Ok(()) }
}

/// Refuses a name that a lenient provider would take for one that money depends on.
fn check_spelling(name: &str, format: &Members) -> Result<(), Error> {
    let is = |known: &str| is_spelled(name, known);
    let refuse = |right: &str| {
        // Of a name as it was sent at most this much is repeated.
        let sent: String = name.chars().take(40).collect();
        let message = format!("`{sent}` is not a member of this request; write `{right}`.");
        Error::invalid(sent, message)
    };
    let instead = format.instead.iter().chain(INSTEAD).find(|(other, _)| is(other));
    if let Some((_, right)) = instead {
        return Err(refuse(right));
    }
    let known = KNOWN.iter().chain(format.known).copied().chain(refused_members().map(|(name, ..)| *name));
    match { known }.find(|known| is(known)) {
        Some(right) => Err(refuse(right)),
        None => Ok(()),
    }
}

/// Whether two names differ in case, underscores and hyphens only: `Max-Tokens`, `maxTokens` and `max_tokens` are one.
fn is_spelled(name: &str, known: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
    }
    plain(name).eq(plain(known))
}

/// Refuses tools that run at the provider: it charges for each use.
fn tools(request: &Object<'_>, format: &Members) -> Result<(), Error> {
    let wrong = |_| Error::invalid("tools", "`tools` is an array of tools.");
    let tools: Option<Vec<Object<'_>>> = request.read("tools").map_err(wrong)?;
    for (place, tool) in tools.unwrap_or_default().iter().enumerate() {
        let kind: Option<String> = tool.read("type").map_err(wrong)?;
        let is_clients = |kind: &str| format.client_tools.iter().any(|known| kind.starts_with(known));
        if kind.is_some_and(|kind| !matches!(kind.as_str(), "function" | "custom") && !is_clients(&kind)) {
            let message = "A tool's `type` is function or custom; tools that run at the provider are charged apart and are \
                           not offered here.";
            return Err(Error::invalid(format!("tools[{place}].type"), message));
        }
        let function: Option<Object<'_>> = tool.read("function").unwrap_or_default();
        for (name, value) in tool.iter().chain(function.iter().flat_map(Object::iter)) {
            check_cache(name, value, format.long_cache)
                .map_err(|message| Error::invalid(format!("tools[{place}].{name}"), message))?;
        }
    }
    Ok(())
}

/// Refuses a mode of reasoning that asks several times over.
fn reasoning(request: &Object<'_>) -> Result<(), Error> {
    let Some(reasoning) = request.read::<Object<'_>>("reasoning").ok().flatten() else { return Ok(()) };
    match reasoning.get("mode") {
        Some(mode) if !Allowed::Words(&["standard", "default", "auto"]).holds(mode) => Err(Error::invalid(
            "reasoning.mode",
            "`reasoning.mode` is standard; others cost a multiple and are not offered here.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::charged::Allowed::{ListOf, Nothing, ShortCache, Words};

    const FORMAT: Members =
        Members { known: &["stop"], instead: &[("budget", "max_tokens")], client_tools: &[], long_cache: false };

    fn refused(json: &str) -> Option<String> {
        let request: Object<'_> = serde_json::from_str(json).expect("an object");
        check(&request, &FORMAT).err().map(|error| {
            assert_eq!(error.http_status(), 400);
            error.param.expect("a param").into_owned()
        })
    }

    #[test]
    fn what_is_not_priced_is_let_through_only_where_it_asks_for_nothing() {
        for (name, allowed, _) in refused_members() {
            let harmless = match allowed {
                Nothing => vec!["null", "false", "[]"],
                Words(words) => std::iter::once("null").chain(words.iter().copied()).collect(),
                ListOf(_) => vec!["null", "[]", r#"["text"]"#],
                ShortCache => vec!["null", "{}", r#"{"type":"ephemeral"}"#, r#"{"ttl":"5m"}"#, r#"{"ttl":null}"#],
            };
            for value in harmless {
                let value = if value == "null" || value.starts_with(['[', '{', 'f']) && value != "flex" {
                    value.to_owned()
                } else {
                    format!("\"{value}\"")
                };
                assert_eq!(refused(&format!(r#"{{"{name}":{value}}}"#)), None, "{name} {value}");
            }
            for value in [
                "true",
                "1",
                r#""priority""#,
                r#""fast""#,
                r#""1h""#,
                r#""24h""#,
                r#"[{"id":"x"}]"#,
                r#"["image"]"#,
                r#"{"ttl":"1h"}"#,
                r#"{"ttl":"12h"}"#,
                r#"{"ttl":3600}"#,
                r#"{"ttl":"\u0031h"}"#,
            ] {
                assert_eq!(refused(&format!(r#"{{"{name}":{value}}}"#)).as_deref(), Some(*name), "{name} {value}");
            }
        }
        for tier in ["fast", "ultrafast", "scale", "priority", "PRIORITY", "Auto"] {
            assert_eq!(refused(&format!(r#"{{"service_tier":"{tier}"}}"#)).as_deref(), Some("service_tier"), "{tier}");
        }
    }

    #[test]
    fn no_other_name_of_model_limit_or_number_is_let_through() {
        let names = KNOWN.iter().chain(FORMAT.known).copied().chain(refused_members().map(|(name, ..)| *name));
        for name in names {
            let camel = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
            let mut others = vec![name.to_uppercase(), camel, name.replace('_', "-")];
            others.retain(|other| other != name);
            for other in others {
                assert_eq!(refused(&format!(r#"{{"{other}":1}}"#)), Some(other.clone()), "{other}");
            }
        }
        for (name, _) in INSTEAD.iter().chain(FORMAT.instead) {
            assert_eq!(refused(&format!(r#"{{"{name}":1}}"#)).as_deref(), Some(*name));
            assert_eq!(refused(&format!(r#"{{"{name}":null}}"#)), None);
        }
        let harmless =
            r#"{"temperature":1,"reasoning_effort":"low","seed":1,"user":"u","x_y":{"model":"z"},"min_p":0.1}"#;
        assert_eq!(refused(harmless), None);
    }

    #[test]
    fn tools_and_reasoning_that_cost_apart_are_named() {
        for (json, param) in [
            (r#"{"tools":[{"type":"function"},{"type":"web_search"}]}"#, "tools[1].type"),
            (r#"{"tools":[{"type":"openrouter:web_search"}]}"#, "tools[0].type"),
            (r#"{"tools":[{"type":"function","cache_control":{"ttl":"1h"}}]}"#, "tools[0].cache_control"),
            (r#"{"tools":[{"function":{"cache_control":{"ttl":"1h"}}}]}"#, "tools[0].cache_control"),
            (r#"{"tools":{}}"#, "tools"),
            (r#"{"tools":["x"]}"#, "tools"),
            (r#"{"reasoning":{"mode":"pro"}}"#, "reasoning.mode"),
        ] {
            assert_eq!(refused(json).as_deref(), Some(param), "{json}");
        }
        let schema = r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"ttl":{},"models":{},"cache_control":{"ttl":"1h"}}}}},{"type":"custom"}],"reasoning":{"effort":"high"}}"#;
        assert_eq!(refused(schema), None);
    }
}
