//! How much a model is to think, as a message says it.

use serde_json::{Map, Value, json};

/// The least tokens that a model may think with.
const LEAST_BUDGET: u64 = 1024;

/// Asks for as much thinking as the chat does, where the model reasons and the conversation allows it.
pub fn set(message: &mut Map<String, Value>, chat: &Map<String, Value>, model: &str, limit: u64) {
    if let Some(thinking @ Value::Object(_)) = chat.get("thinking") {
        // Said as Anthropic says it already.
        message.insert("thinking".to_owned(), thinking.clone());
        return;
    }
    let Some(wish) = wish(chat) else { return };
    let forced = message.get("tool_choice").is_some_and(|choice| choice["type"] == "any" || choice["type"] == "tool");
    if forced || continues_without_thoughts(message) {
        return;
    }
    let budget = match wish {
        Wish::Nothing => {
            message.insert("thinking".to_owned(), json!({ "type": "disabled" }));
            return;
        }
        Wish::Effort(effort) if is_adaptive(model) => {
            message.insert("thinking".to_owned(), json!({ "type": "adaptive" }));
            let config = message.entry("output_config").or_insert_with(|| json!({}));
            config["effort"] = json!(effort);
            return without_sampling(message);
        }
        Wish::Effort(effort) => match effort {
            "low" => LEAST_BUDGET,
            "medium" => 2 * LEAST_BUDGET,
            "high" => 4 * LEAST_BUDGET,
            _ => 8 * LEAST_BUDGET,
        },
        Wish::Budget(budget) => budget.max(LEAST_BUDGET),
    };
    if limit > LEAST_BUDGET {
        let budget = budget.min(limit - 1);
        message.insert("thinking".to_owned(), json!({ "type": "enabled", "budget_tokens": budget }));
        without_sampling(message);
    }
}

enum Wish {
    Nothing,
    Effort(&'static str),
    Budget(u64),
}

/// What a chat says: OpenAI's `reasoning_effort` or OpenRouter's `reasoning`.
fn wish(chat: &Map<String, Value>) -> Option<Wish> {
    let reasoning = chat.get("reasoning");
    let of_reasoning = |name: &str| reasoning.and_then(|reasoning| reasoning.get(name));
    if of_reasoning("enabled") == Some(&Value::Bool(false)) {
        return Some(Wish::Nothing);
    }
    if let Some(budget) = of_reasoning("max_tokens").and_then(Value::as_u64) {
        return Some(Wish::Budget(budget));
    }
    let effort = chat.get("reasoning_effort").or_else(|| of_reasoning("effort")).and_then(Value::as_str);
    Some(match effort {
        Some("none") => Wish::Nothing,
        Some("minimal" | "low") => Wish::Effort("low"),
        Some("medium") => Wish::Effort("medium"),
        Some("high") => Wish::Effort("high"),
        Some("xhigh" | "max") => Wish::Effort("max"),
        Some(_) => return None,
        None if of_reasoning("enabled") == Some(&Value::Bool(true)) => Wish::Effort("medium"),
        None => return None,
    })
}

/// Models up to 4.5 are given a budget; later ones choose it themselves by an effort.
fn is_adaptive(model: &str) -> bool {
    const BY_BUDGET: [&str; 9] = [
        "claude-3",
        "opus-4-0",
        "opus-4-1",
        "opus-4-2025",
        "sonnet-4-0",
        "sonnet-4-2025",
        "opus-4-5",
        "sonnet-4-5",
        "haiku-4-5",
    ];
    let model = model.replace('.', "-");
    !BY_BUDGET.iter().any(|older| model.contains(older)) && !model.ends_with("-4")
}

/// While a model thinks, how it samples is not to be said.
fn without_sampling(message: &mut Map<String, Value>) {
    for name in ["temperature", "top_p", "top_k"] {
        message.remove(name);
    }
}

/// A turn in which tools were called goes on thinking only with the thoughts that came before the calls.
fn continues_without_thoughts(message: &Map<String, Value>) -> bool {
    let messages = message.get("messages").and_then(Value::as_array);
    let last = messages.and_then(|messages| messages.iter().rev().find(|message| message["role"] == "assistant"));
    let Some(blocks) = last.and_then(|message| message["content"].as_array()) else { return false };
    let has = |kinds: [&str; 2]| blocks.iter().any(|block| kinds.iter().any(|kind| block["type"] == *kind));
    has(["tool_use", "tool_use"]) && !has(["thinking", "redacted_thinking"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(chat: Value, model: &str, limit: u64) -> Value {
        let mut message = Map::from_iter([("temperature".to_owned(), json!(0.5)), ("messages".to_owned(), json!([]))]);
        set(&mut message, chat.as_object().expect("an object"), model, limit);
        message.remove("messages");
        Value::Object(message)
    }

    #[test]
    fn an_effort_is_a_budget_or_an_effort_by_the_model() {
        let high = json!({"reasoning_effort": "high"});
        for (chat, model, limit, expected) in [
            (json!({}), "claude-opus-4-1", 9000, json!({"temperature": 0.5})),
            (
                high.clone(),
                "claude-sonnet-4-5-20250929",
                9000,
                json!({"thinking": {"type": "enabled", "budget_tokens": 4096}}),
            ),
            (
                high.clone(),
                "claude-sonnet-4-20250514",
                3000,
                json!({"thinking": {"type": "enabled", "budget_tokens": 2999}}),
            ),
            (high.clone(), "claude-opus-4-1", 900, json!({"temperature": 0.5})),
            (
                high,
                "claude-opus-5-5",
                900,
                json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
            ),
            (
                json!({"reasoning": {"max_tokens": 3000}}),
                "claude-opus-4-6",
                9000,
                json!({"thinking": {"type": "enabled", "budget_tokens": 3000}}),
            ),
            (
                json!({"reasoning_effort": "none"}),
                "claude-opus-4-1",
                9000,
                json!({"temperature": 0.5, "thinking": {"type": "disabled"}}),
            ),
        ] {
            assert_eq!(asked(chat.clone(), model, limit), expected, "{chat} {model}");
        }
    }

    #[test]
    fn a_turn_of_tools_without_thoughts_and_a_forced_call_go_on_without() {
        let high = json!({"reasoning_effort": "high"});
        let messages = json!([{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}]);
        for members in [json!({ "messages": messages }), json!({"messages": [], "tool_choice": {"type": "any"}})] {
            let mut message = members.as_object().expect("an object").clone();
            set(&mut message, high.as_object().expect("an object"), "claude-opus-4-1", 9000);
            assert!(!message.contains_key("thinking"), "{members}");
        }
    }
}
