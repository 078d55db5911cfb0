//! Prompt caches of an hour in messages and chats: `cache_control: {"type": "ephemeral", "ttl": "1h"}`, whose writing costs more than that of five
//! minutes (Anthropic, "Prompt caching").

use serde_json::{Value, json};

use crate::object::Object;

/// Where a cache can be asked for.
const PLACES: [&str; 4] = ["cache_control", "system", "messages", "tools"];

/// Whether one is asked for, anywhere.
#[must_use]
pub fn is_long(request: &Object<'_>) -> bool {
    PLACES.iter().any(|place| {
        // Few prompts have the word, and none of the others need be read.
        let value = request.get(place).filter(|value| value.contains("ttl") || value.contains("\\u"));
        value.and_then(|value| serde_json::from_str(value).ok()).is_some_and(|mut value| shorten_in(place, &mut value))
    })
}

/// Makes all of them caches of five minutes, which every provider has.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn shorten(request: &mut Object<'_>) -> serde_json::Result<()> {
    for place in PLACES {
        let Some(mut value) = request.read::<Value>(place)? else { continue };
        if shorten_in(place, &mut value) {
            request.set(place, &value)?;
        }
    }
    Ok(())
}

/// Shortens what stands under a name, and says whether there was anything to shorten. A tool's schema and arguments are the
/// client's own words.
fn shorten_in(name: &str, value: &mut Value) -> bool {
    if name == "cache_control" && value.get("ttl").is_some_and(|ttl| ttl == "1h") {
        value["ttl"] = json!("5m");
        return true;
    }
    match value {
        Value::Array(list) => list.iter_mut().fold(false, |any, value| shorten_in("", value) | any),
        Value::Object(members) => {
            let members = members
                .iter_mut()
                .filter(|(name, _)| !matches!(name.as_str(), "input_schema" | "input" | "parameters"));
            members.fold(false, |any, (name, value)| shorten_in(name, value) | any)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cache_is_found_wherever_it_can_be_and_nowhere_else() {
        let hour = json!({"type": "ephemeral", "ttl": "1h"});
        let text = json!({"type": "text", "text": "x", "cache_control": hour});
        for (body, long) in [
            (json!({"cache_control": hour}), true),
            (json!({"system": [text]}), true),
            (json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "content": [text]}]}]}), true),
            (json!({"tools": [{"name": "f", "cache_control": hour}]}), true),
            (json!({"cache_control": {"ttl": "5m"}, "system": "ttl: 1h"}), false),
            (json!({"tools": [{"name": "f", "input_schema": {"cache_control": hour}}]}), false),
            (json!({"metadata": {"cache_control": hour}}), false),
        ] {
            let text = body.to_string();
            let mut request: Object<'_> = serde_json::from_str(&text).expect("an object");
            assert_eq!(is_long(&request), long, "{text}");
            shorten(&mut request).expect("json");
            assert!(!is_long(&request), "{text}");
            let sent = serde_json::to_string(&request).expect("json");
            assert_eq!(sent == text, !long, "{sent}");
        }
        let escaped: Object<'_> = serde_json::from_str(r#"{"cache_control":{"\u0074tl":"\u0031h"}}"#).expect("json");
        assert!(is_long(&escaped));
    }
}
