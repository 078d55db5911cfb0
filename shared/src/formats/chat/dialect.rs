//! A chat in the dialect of the provider that gets it: what is written for OpenAI's API runs there.

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use crate::object::Object;
use crate::providers::quirks::ChatDialect;

/// A chat completion's body in a provider's dialect.
///
/// # Errors
/// None in practice: the body was written by us.
pub fn adapt(body: Bytes, dialect: &ChatDialect) -> serde_json::Result<Bytes> {
    if *dialect == ChatDialect::PLAIN {
        return Ok(body);
    }
    let mut chat: Object<'_> = serde_json::from_slice(&body)?;
    if dialect.older_limit
        && let Some(limit) = chat.read::<u64>("max_completion_tokens")?
    {
        chat.remove("max_completion_tokens");
        chat.set("max_tokens", &limit)?;
    }
    if dialect.usage_unasked {
        chat.remove("stream_options");
    }
    if dialect.any_tool && chat.get("tool_choice") == Some(r#""required""#) {
        chat.set("tool_choice", "any")?;
    }
    if let Some(messages) = chat.get("messages").map(|messages| adapted(messages, dialect)).transpose()?.flatten() {
        chat.set("messages", &messages)?;
    }
    serde_json::to_vec(&chat).map(Bytes::from)
}

/// The messages, where any of them is another in the dialect.
fn adapted(messages: &str, dialect: &ChatDialect) -> serde_json::Result<Option<Vec<Box<RawValue>>>> {
    let has_developer = dialect.system_only && messages.contains(r#""developer""#);
    let has_calls = dialect.wants_thoughts && messages.contains(r#""tool_calls""#);
    if !has_developer && !has_calls {
        return Ok(None);
    }
    let messages: Vec<&RawValue> = serde_json::from_str(messages)?;
    let mut all = Vec::with_capacity(messages.len());
    for message in messages {
        let Ok(mut object) = serde_json::from_str::<Object<'_>>(message.get()) else {
            all.push(message.to_owned());
            continue;
        };
        if has_developer && object.get("role") == Some(r#""developer""#) {
            object.set("role", "system")?;
        }
        let is_call = object.get("tool_calls").is_some_and(|calls| calls != "null" && calls != "[]");
        if has_calls && is_call && object.get("reasoning_content").is_none_or(|thought| thought == "null") {
            let thought = object.read::<String>("reasoning").ok().flatten().unwrap_or_default();
            object.set("reasoning_content", &thought)?;
        }
        all.push(to_raw_value(&object)?);
    }
    Ok(Some(all))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn adapted(body: &Value, dialect: ChatDialect) -> Value {
        let body = adapt(Bytes::from(body.to_string()), &dialect).expect("a chat");
        serde_json::from_slice(&body).expect("json")
    }

    #[test]
    fn what_is_openais_is_left_as_it_was_written() {
        let body = Bytes::from_static(br#"{ "max_completion_tokens": 5, "messages": [{"role": "developer"}] }"#);
        assert_eq!(adapt(body.clone(), &ChatDialect::PLAIN).expect("a chat"), body);
    }

    #[test]
    fn the_limit_has_one_name() {
        let dialect = ChatDialect { older_limit: true, ..ChatDialect::PLAIN };
        for given in [
            json!({ "max_completion_tokens": 5 }),
            json!({ "max_tokens": 5 }),
            json!({ "max_tokens": 5, "max_completion_tokens": 5 }),
        ] {
            assert_eq!(adapted(&given, dialect), json!({ "max_tokens": 5 }), "{given}");
        }
    }

    #[test]
    fn usage_that_comes_unasked_is_not_asked_for_and_any_tool_has_its_word() {
        let dialect = ChatDialect { usage_unasked: true, any_tool: true, ..ChatDialect::PLAIN };
        let given = json!({ "stream": true, "stream_options": { "include_usage": true }, "tool_choice": "required" });
        assert_eq!(adapted(&given, dialect), json!({ "stream": true, "tool_choice": "any" }));
        assert_eq!(adapted(&json!({ "tool_choice": "auto" }), dialect)["tool_choice"], "auto");
    }

    #[test]
    fn a_developer_is_the_system_and_a_call_has_its_thought() {
        let dialect = ChatDialect { system_only: true, wants_thoughts: true, ..ChatDialect::PLAIN };
        let calls = json!([{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }]);
        let given = json!({ "messages": [
            { "role": "developer", "content": "Be brief. \"developer\"" },
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": null, "tool_calls": calls },
            { "role": "assistant", "content": null, "tool_calls": calls, "reasoning": "so" },
            { "role": "assistant", "content": null, "tool_calls": calls, "reasoning_content": "kept" },
            { "role": "assistant", "content": "no call" },
        ] });
        let messages = adapted(&given, dialect)["messages"].clone();
        assert_eq!(
            (&messages[0]["role"], &messages[0]["content"]),
            (&json!("system"), &given["messages"][0]["content"])
        );
        let thoughts = |place: usize| messages[place].get("reasoning_content").and_then(Value::as_str);
        assert_eq!([2, 3, 4, 5].map(thoughts), [Some(""), Some("so"), Some("kept"), None]);
        assert_eq!(messages[1], given["messages"][1]);
    }
}
