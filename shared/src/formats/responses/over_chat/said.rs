//! What a model has said in the items of a response, as a chat that is kept has it.

use serde_json::{Map, Value};

use super::request::kept_messages;
use crate::formats::responses::tools::Tools;

/// What a model has said in these items, as one message of a chat.
#[must_use]
pub fn said(items: &[Value]) -> Option<Map<String, Value>> {
    let request = Map::from_iter([("input".to_owned(), Value::Array(items.to_vec()))]);
    let messages = kept_messages(&request, &Tools::default());
    let mut messages = messages.into_iter().filter_map(|message| match message {
        Value::Object(message) => Some(message),
        _ => None,
    });
    let mut all = messages.next()?;
    for later in messages {
        for (name, value) in later {
            match (all.get_mut(&name), value) {
                (Some(Value::Array(before)), Value::Array(value)) => before.extend(value),
                (Some(Value::String(before)), Value::String(value)) if name != "role" => before.push_str(&value),
                (None | Some(Value::Null), value) => {
                    all.insert(name, value);
                }
                _ => {}
            }
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_model_said_in_several_items_is_one_message() {
        let text = |text: &str| json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]});
        let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
        let thought = json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]});
        let whole = said(&[thought.clone(), text("a"), call("t1"), thought, text("b"), call("t2")]).expect("a message");
        let calls: Vec<&Value> =
            whole["tool_calls"].as_array().expect("calls").iter().map(|call| &call["id"]).collect();
        assert_eq!(
            (&whole["role"], &whole["content"], calls),
            (&json!("assistant"), &json!("ab"), vec![&json!("t1"), &json!("t2")])
        );
        assert_eq!(said(&[]), None);
    }
}
