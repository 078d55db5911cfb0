//! What a response says besides its output: its name, and what of the request it repeats.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Members of the request that the response repeats as they were sent, and what stands there where nothing was.
fn repeated() -> [(&'static str, Value); 18] {
    [
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("max_tool_calls", Value::Null),
        ("metadata", json!({})),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("prompt_cache_key", Value::Null),
        ("reasoning", json!({ "effort": null, "summary": null })),
        ("safety_identifier", Value::Null),
        ("service_tier", json!("default")),
        ("temperature", json!(1)),
        ("text", json!({ "format": { "type": "text" } })),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_logprobs", json!(0)),
        ("top_p", json!(1)),
        ("truncation", json!("disabled")),
        ("user", Value::Null),
    ]
}

/// A response's name: it is ours, so that it stays the same whoever serves the request in the end.
#[derive(Clone, Debug)]
pub struct Name {
    digits: String,
    created_at: u64,
}

impl Name {
    /// A name that no other response has.
    #[must_use]
    pub fn new() -> Self {
        let created_at = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        Self { digits: Uuid::now_v7().simple().to_string(), created_at }
    }

    /// The id of the item of this number, which begins with its kind: `msg`, `fc`.
    #[must_use]
    pub fn of_item(&self, kind: &str, number: usize) -> String {
        format!("{kind}_{}{number:04x}", self.digits)
    }
}

/// All of a response but its output and how it ended.
#[derive(Clone, Debug)]
pub struct Head {
    /// The response's name.
    pub name: Name,
    members: Map<String, Value>,
}

impl Head {
    /// Of the response to this request, whose client knows the model by this name.
    #[must_use]
    pub fn of(request: &Map<String, Value>, model: &str, name: Name) -> Self {
        let mut members = Map::new();
        for (member, default) in repeated() {
            let sent = request.get(member).filter(|value| !value.is_null());
            let value = match (sent, default) {
                // What an object does not say is at its default.
                (Some(Value::Object(sent)), Value::Object(mut whole)) => {
                    whole.extend(sent.clone());
                    Value::Object(whole)
                }
                (Some(sent), _) => sent.clone(),
                (None, default) => default,
            };
            members.insert(member.to_owned(), value);
        }
        members.extend(
            [
                ("id", json!(format!("resp_{}", name.digits))),
                ("object", json!("response")),
                ("created_at", json!(name.created_at)),
                ("model", json!(model)),
                ("background", json!(false)),
                ("store", json!(false)),
            ]
            .map(|(member, value)| (member.to_owned(), value)),
        );
        Self { name, members }
    }

    /// The response with this status and this output.
    #[must_use]
    pub fn response(&self, status: &str, output: Vec<Value>) -> Map<String, Value> {
        let mut response = self.members.clone();
        response.extend(
            [
                ("status", json!(status)),
                ("output", Value::Array(output)),
                ("error", Value::Null),
                ("incomplete_details", Value::Null),
                ("usage", Value::Null),
            ]
            .map(|(member, value)| (member.to_owned(), value)),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_repeats_what_it_was_asked() {
        let request = json!({"model": "x", "input": "hi", "temperature": 0.5, "text": {"verbosity": "low"},
            "reasoning": {"effort": "high"}, "metadata": null, "store": true});
        let head = Head::of(request.as_object().expect("an object"), "a/b", Name::new());
        let response = head.response("in_progress", Vec::new());
        assert_eq!((&response["model"], &response["temperature"]), (&json!("a/b"), &json!(0.5)));
        assert_eq!(response["text"], json!({"format": {"type": "text"}, "verbosity": "low"}));
        assert_eq!(response["reasoning"], json!({"effort": "high", "summary": null}));
        assert_eq!((&response["metadata"], &response["store"]), (&json!({}), &json!(false)));
        assert!(response.get("input").is_none());
        let id = response["id"].as_str().expect("an id");
        assert_eq!(head.name.of_item("msg", 1), format!("msg_{}0001", id.trim_start_matches("resp_")));
    }
}
