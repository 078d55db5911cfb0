//! Members that a provider would charge for apart, or that reach into the gateway's own account there: refused by name.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::formats::openai::members::{self, Members};
use crate::object::Object;

/// What a message has besides the members of every format, and what providers of other formats would read there.
const MEMBERS: Members = Members {
    known: &["messages", "system", "top_k", "stop_sequences", "thinking", "tool_choice"],
    instead: &[
        ("max_completion_tokens", "max_tokens"),
        ("best_of", "max_tokens"),
        ("prompt", "messages"),
        ("input", "messages"),
    ],
    // Anthropic has defined these, and the client runs them all the same; a date follows.
    client_tools: &["bash_", "text_editor_", "memory_", "computer_"],
    long_cache: true,
};

/// Members that only the owner of an account at the provider may use, or that a message has not.
const REFUSED: [(&str, &str); 4] = [
    ("n", "A message is one answer; leave out `n`."),
    ("fallback_credit_token", "`fallback_credit_token` belongs to an account at the provider; leave it out."),
    ("billing_policy", "`billing_policy` belongs to an account at the provider; leave it out."),
    (THREAD, "Threads are kept at the provider and are not offered here; send the whole conversation."),
];

/// Asks that the provider keeps the conversation.
const THREAD: &str = "thread";

/// By what Anthropic's SDKs know that they must do without a thread: their tool runners ask for one unless they are told otherwise, and
/// send the whole conversation from then on (anthropic-sdk-python 2.14, `lib/threads/_thread_state.py`).
fn no_threads() -> Value {
    json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]})
}

/// Told to who asks for a cache that has no price in the catalog.
const TTL: &str = "A cache is kept for `5m` or for `1h`.";

/// Refuses what is not priced.
///
/// # Errors
/// 400 that names the member.
pub fn check(request: &Object<'_>) -> Result<(), Error> {
    for (member, message) in REFUSED {
        if request.get(member).is_some_and(|value| value != "null") {
            let refused = Error::invalid(member, message);
            return Err(if member == THREAD { refused.with_detail("details", no_threads()) } else { refused });
        }
    }
    members::check(request, &MEMBERS)?;
    check_cache(request).map_err(|message| Error::invalid("cache_control", message))?;
    check_edits(request)
}

/// A cache is one of five minutes or of an hour, wherever it is asked for: of every `cache_control` in the object each.
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
        if cache.ttl.is_some_and(|ttl| ttl != "5m" && ttl != "1h") {
            return Err(TTL);
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
        let message =
            "Of `context_management` the edits that clear something are offered here; a compaction is charged apart.";
        return Err(Error::invalid(NAME, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("n", json!(2), "n"),
            ("Service_Tier", json!("priority"), "Service_Tier"),
            ("max_completion_tokens", json!(9000), "max_completion_tokens"),
            ("cache_control", json!({"type": "ephemeral", "ttl": "12h"}), "cache_control"),
            ("cache_control", json!("x"), "cache_control"),
            ("tools", json!([{"name": "a"}, {"type": "web_search_20250305", "name": "web_search"}]), "tools[1].type"),
            ("tools", json!([{"name": "a", "cache_control": {"ttl": 3600}}]), "tools[0].cache_control"),
            ("tools", json!({}), "tools"),
            ("context_management", json!({"edits": [{"type": "compact_20260112"}]}), "context_management"),
        ] {
            assert_eq!(refused(member, value.clone()).as_deref(), Some(param), "{member}: {value}");
        }
    }

    #[test]
    fn who_asks_for_a_thread_is_told_in_anthropics_words_to_do_without() {
        let request: Object<'_> = serde_json::from_str(r#"{"thread":{"type":"create"}}"#).expect("an object");
        let refused = check(&request).expect_err("no thread");
        assert_eq!(refused.param.as_deref(), Some("thread"));
        assert_eq!(refused.details["details"]["error_code"], "thread_unsupported_request");
    }

    #[test]
    fn what_changes_no_price_passes() {
        for (member, value) in [
            ("service_tier", json!("standard_only")),
            ("speed", json!(null)),
            ("inference_geo", json!("global")),
            ("mcp_servers", json!([])),
            ("cache_control", json!({"type": "ephemeral", "ttl": "5m"})),
            ("cache_control", json!({"type": "ephemeral", "ttl": "1h"})),
            ("tools", json!([{"name": "a", "cache_control": {"ttl": "1h"}}])),
            ("tools", json!([{"name": "a", "input_schema": {}, "cache_control": {"type": "ephemeral"}}])),
            ("tools", json!([{"type": "custom", "name": "a"}, {"type": "bash_20250124", "name": "bash"}])),
            ("context_management", json!({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]})),
            ("thinking", json!({"type": "adaptive"})),
        ] {
            assert_eq!(refused(member, value.clone()), None, "{member}: {value}");
        }
    }
}
