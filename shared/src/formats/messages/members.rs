//! Members that a provider would charge for apart, or that reach into the gateway's own account there: refused by name.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::object::Object;

/// Members for which there is no price, or that only the owner of an account at the provider may use.
const REFUSED: [(&str, &str); 13] = [
    ("n", "A message is one answer; leave out `n`."),
    ("best_of", "A message is one answer; leave out `best_of`."),
    ("container", "Containers run at the provider, are charged apart and are not offered here; leave out `container`."),
    ("mcp_servers", "Tools of MCP servers run at the provider and are not offered here; call them yourself."),
    ("fallbacks", "`fallbacks` would let the provider choose; name one model in `model`, fallbacks are automatic."),
    ("fallback_credit_token", "`fallback_credit_token` belongs to an account at the provider; leave it out."),
    ("billing_policy", "`billing_policy` belongs to an account at the provider; leave it out."),
    ("thread", "Threads are kept at the provider and are not offered here; send the whole conversation."),
    ("models", "`models` would let the provider choose; name one model in `model`, fallbacks are automatic."),
    ("route", "`route` would let the provider choose; fallbacks are automatic."),
    ("plugins", "`plugins` are charged apart by the provider and are not offered here."),
    ("preset", "`preset` would let the provider choose; say in the request what you want."),
    ("web_search_options", "Web search is charged apart by the provider and is not offered here."),
];

/// Members that choose a price, and what they may say.
const CHOICES: [(&str, &[&str], &str); 3] = [
    (
        "service_tier",
        &["auto", "standard_only"],
        "`service_tier` is `auto` or `standard_only`: any other is charged apart and is not offered here.",
    ),
    ("speed", &["standard"], "`speed` is `standard`: fast answers are charged apart and are not offered here."),
    ("inference_geo", &["global"], "`inference_geo` is `global`: any other place is charged apart and is not offered here."),
];

/// The tools that a client runs itself, though Anthropic has defined them; a date follows.
const OF_CLIENTS: [&str; 4] = ["bash_", "text_editor_", "memory_", "computer_"];

/// Told to who asks for a cache that is charged at another price than the one in the catalog.
pub const LONG_CACHE: &str =
    "A cache is kept for `5m` here: a longer one is charged apart by the provider; leave out `ttl`.";

/// Refuses what is not priced.
///
/// # Errors
/// 400 that names the member.
pub fn check(request: &Object<'_>) -> Result<(), Error> {
    for (member, message) in REFUSED {
        let says_nothing = |value: &str| value == "null" || (member == "mcp_servers" && value == "[]");
        if request.get(member).is_some_and(|value| !says_nothing(value)) {
            return Err(Error::invalid(member, message));
        }
    }
    for (member, allowed, message) in CHOICES {
        // Read as a text: escapes in it would be read by the provider, too.
        let chosen: Option<String> = request.read(member).map_err(|_| Error::invalid(member, message))?;
        if chosen.is_some_and(|chosen| !allowed.contains(&chosen.as_str())) {
            return Err(Error::invalid(member, message));
        }
    }
    check_cache(request).map_err(|message| Error::invalid("cache_control", message))?;
    check_edits(request)?;
    check_tools(request)
}

/// A cache is one of five minutes, wherever it is asked for: of every `cache_control` in the object each.
///
/// # Errors
/// What is wrong with it.
pub fn check_cache(object: &Object<'_>) -> Result<(), &'static str> {
    #[derive(Deserialize)]
    struct Cache {
        ttl: Option<Value>,
    }
    for (_, value) in object.iter().filter(|(name, value)| *name == "cache_control" && *value != "null") {
        // A member that stands there twice is no cache that could be read in one way only.
        let cache: Cache = serde_json::from_str(value)
            .map_err(|_| "`cache_control` is an object such as `{\"type\": \"ephemeral\"}`.")?;
        if cache.ttl.is_some_and(|ttl| ttl != "5m") {
            return Err(LONG_CACHE);
        }
    }
    Ok(())
}

/// Of what the provider may do to the conversation, a summary is written by a model, in calls of their own.
fn check_edits(request: &Object<'_>) -> Result<(), Error> {
    const NAME: &str = "context_management";
    let invalid = || Error::invalid(NAME, "`context_management` is an object with a list of `edits`.");
    let Some(management) = request.read::<Value>(NAME).map_err(|_| invalid())? else { return Ok(()) };
    if !management.is_object() {
        return Err(invalid());
    }
    let edits = management.get("edits").and_then(Value::as_array);
    let clears = |edit: &Value| edit.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("clear_"));
    if edits.is_some_and(|edits| !edits.iter().all(clears)) {
        let message = "Of `context_management` the edits that clear something are offered here; a compaction is charged apart.";
        return Err(Error::invalid(NAME, message));
    }
    Ok(())
}

/// Tools run at the client's: what a provider runs is charged apart, and brings tokens that nobody has counted.
fn check_tools(request: &Object<'_>) -> Result<(), Error> {
    let tools: Option<Vec<Object<'_>>> =
        request.read("tools").map_err(|_| Error::invalid("tools", "`tools` is an array of tool objects."))?;
    for (place, tool) in tools.unwrap_or_default().iter().enumerate() {
        check_cache(tool).map_err(|message| Error::invalid(format!("tools[{place}].cache_control"), message))?;
        let kind: Option<String> = tool
            .read("type")
            .map_err(|_| Error::invalid(format!("tools[{place}].type"), "A tool's `type` is a text."))?;
        let is_client = |kind: &str| kind == "custom" || OF_CLIENTS.iter().any(|known| kind.starts_with(known));
        if kind.as_deref().is_some_and(|kind| !is_client(kind)) {
            let message = "Tools that run at the provider are charged apart and are not offered here; offer tools that you run yourself.";
            return Err(Error::invalid(format!("tools[{place}].type"), message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(member: &str, value: Value) -> Option<String> {
        let text = json!({ member: value }).to_string();
        let request: Object<'_> = serde_json::from_str(&text).expect("an object");
        check(&request).err().map(|error| error.param.unwrap_or_default().into_owned())
    }

    #[test]
    fn what_is_not_priced_is_refused_by_name() {
        for (member, value, param) in [
            ("service_tier", json!("priority"), "service_tier"),
            ("service_tier", json!(1), "service_tier"),
            ("speed", json!("fast"), "speed"),
            ("inference_geo", json!("us"), "inference_geo"),
            ("mcp_servers", json!([{"url": "x"}]), "mcp_servers"),
            ("container", json!("c"), "container"),
            ("models", json!(["dearer"]), "models"),
            ("cache_control", json!({"type": "ephemeral", "ttl": "1h"}), "cache_control"),
            ("cache_control", json!("x"), "cache_control"),
            ("tools", json!([{"name": "a"}, {"type": "web_search_20250305", "name": "web_search"}]), "tools[1].type"),
            ("tools", json!([{"name": "a", "cache_control": {"ttl": "1h"}}]), "tools[0].cache_control"),
            ("tools", json!({}), "tools"),
            ("context_management", json!({"edits": [{"type": "compact_20260112"}]}), "context_management"),
        ] {
            assert_eq!(refused(member, value.clone()).as_deref(), Some(param), "{member}: {value}");
        }
    }

    #[test]
    fn what_changes_no_price_passes() {
        for (member, value) in [
            ("service_tier", json!("standard_only")),
            ("speed", json!(null)),
            ("inference_geo", json!("global")),
            ("mcp_servers", json!([])),
            ("cache_control", json!({"type": "ephemeral", "ttl": "5m"})),
            ("tools", json!([{"name": "a", "input_schema": {}, "cache_control": {"type": "ephemeral"}}])),
            ("tools", json!([{"type": "custom", "name": "a"}, {"type": "bash_20250124", "name": "bash"}])),
            ("context_management", json!({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]})),
            ("thinking", json!({"type": "adaptive"})),
        ] {
            assert_eq!(refused(member, value.clone()), None, "{member}: {value}");
        }
    }
}
