//! A chat for a provider that refuses members which it does not know: OpenAI itself.
//!
//! OpenRouter and the servers of open models take more than OpenAI's API has, and leave out what a model does not know.
//! Code that was written for them is to run unchanged: what OpenAI calls otherwise gets its name, and what it has not is
//! left out here (<https://openrouter.ai/docs/api/reference/parameters>).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::object::Object;

/// Members of a request that OpenAI's chat has not.
const OF_REQUEST: &[&str] = &[
    "reasoning",
    "include_reasoning",
    "usage",
    "top_k",
    "top_a",
    "min_p",
    "repetition_penalty",
    "cache_control",
    "session_id",
    "image_config",
];

/// Members that neither its messages, nor their parts, nor its tools have: marks of caches, and what other providers'
/// models have thought and drawn.
const WITHIN: &[&str] = &["cache_control", "reasoning", "reasoning_content", "reasoning_details", "images"];

/// Leaves out of a chat what OpenAI's API has not.
///
/// # Errors
/// None in practice: the request was read before.
pub fn leave_out(request: &mut Object<'_>) -> serde_json::Result<()> {
    let reasoning: Option<Object<'_>> = request.read("reasoning").unwrap_or_default();
    let effort = reasoning.and_then(|reasoning| reasoning.read::<String>("effort").ok().flatten());
    if let Some(effort) = effort.filter(|_| request.get("reasoning_effort").is_none_or(|given| given == "null")) {
        request.set("reasoning_effort", &effort)?;
    }
    request.remove_all(OF_REQUEST);
    for name in ["messages", "tools"] {
        if let Some(list) = request.get(name).and_then(without) {
            request.set(name, &list)?;
        }
    }
    Ok(())
}

/// A list of messages, of parts or of tools without what OpenAI does not know; `None` where there is none of it.
fn without(list: &str) -> Option<Box<RawValue>> {
    // Most requests have none of it, and are not read again.
    if !WITHIN.iter().any(|name| list.contains(&format!("\"{name}\""))) {
        return None;
    }
    let list: Vec<&RawValue> = serde_json::from_str(list).ok()?;
    let kept: Vec<Cow<'_, RawValue>> = list
        .into_iter()
        .map(|one| {
            let Ok(mut object) = serde_json::from_str::<Object<'_>>(one.get()) else { return Cow::Borrowed(one) };
            object.remove_all(WITHIN);
            let content = object.get("content").and_then(without);
            if let Some(content) = content {
                object.set("content", &content).ok();
            }
            serde_json::value::to_raw_value(&object).map_or(Cow::Borrowed(one), Cow::Owned)
        })
        .collect();
    serde_json::value::to_raw_value(&kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn left(request: &Value) -> Value {
        let text = request.to_string();
        let mut request: Object<'_> = serde_json::from_str(&text).expect("an object");
        leave_out(&mut request).expect("read before");
        serde_json::to_value(&request).expect("json")
    }

    #[test]
    fn what_openai_has_not_is_left_out_and_what_it_calls_otherwise_gets_its_name() {
        let marked = json!({"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}});
        let thought =
            json!({"role": "assistant", "content": "ho", "reasoning": "hm", "reasoning_details": [{}], "images": []});
        let tool =
            json!({"type": "function", "function": {"name": "reasoning"}, "cache_control": {"type": "ephemeral"}});
        let sent = left(&json!({
            "model": "m", "reasoning": {"effort": "high"}, "usage": {"include": true}, "top_k": 4, "min_p": 0.1,
            "messages": [{"role": "user", "content": [marked]}, thought, {"role": "user", "content": "the \"reasoning\""}],
            "tools": [tool], "unknown": 1}));
        assert_eq!(
            sent,
            json!({"model": "m", "reasoning_effort": "high",
                "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]},
                    {"role": "assistant", "content": "ho"}, {"role": "user", "content": "the \"reasoning\""}],
                "tools": [{"type": "function", "function": {"name": "reasoning"}}], "unknown": 1})
        );
    }

    #[test]
    fn what_the_client_says_in_openais_own_name_holds() {
        let sent = left(&json!({"reasoning_effort": "low", "reasoning": {"effort": "high"}, "messages": "none"}));
        assert_eq!(sent, json!({"reasoning_effort": "low", "messages": "none"}));
    }
}
