//! What a response says besides its output: its name, what of the request it repeats, and whether it is stored.

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

/// What a response's id begins with.
const PREFIX: &str = "resp_";

/// A response's name: it is ours, so that it stays the same whoever serves the request in the end, and names what is stored here.
#[derive(Clone, Debug)]
pub struct Name {
    /// In the database.
    pub id: Uuid,
    created_at: u64,
}

impl Name {
    /// A name that no other response has.
    #[must_use]
    pub fn new() -> Self {
        let created_at = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        Self { id: Uuid::now_v7(), created_at }
    }

    /// The response's id.
    #[must_use]
    pub fn of_response(&self) -> String {
        name_of(self.id)
    }

    /// The id of the item of this number, which begins with its kind: `msg`, `fc`.
    #[must_use]
    pub fn of_item(&self, kind: &str, number: usize) -> String {
        item_of(self.id, kind, number)
    }
}

/// The id of the response that the database knows by this one.
#[must_use]
pub fn name_of(id: Uuid) -> String {
    format!("{PREFIX}{}", id.simple())
}

/// The id of an item of that response.
#[must_use]
pub fn item_of(id: Uuid, kind: &str, number: usize) -> String {
    format!("{kind}_{}{number:04x}", id.simple())
}

/// The id in the database of a response that is named so. What is no such name names nothing, so it becomes the nil UUID, which no
/// row has.
#[must_use]
pub fn id_of(name: &str) -> Uuid {
    name.strip_prefix(PREFIX).and_then(|digits| Uuid::try_parse(digits).ok()).unwrap_or_default()
}

/// What of a provider's response is ours to say.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// What the client calls the model.
    pub model: String,
    /// The limit that the client asked for.
    pub limit: Value,
    /// The response's id.
    pub id: String,
    /// Whether it is stored here: a provider stores nothing.
    pub stored: bool,
    /// The response that it goes on from, of which no provider knows.
    pub previous: Value,
    /// Whether its thoughts, as their provider takes them back, are for the gateway alone: the client has not asked for them.
    pub hides_thoughts: bool,
    /// Whether the output limit is what the credit buys.
    pub credit_limited: bool,
}

/// Where an answer ended at its output limit and the credit had set that, as a chat says it: beside the reason.
pub fn note_limit(response: &mut Map<String, Value>, credit_limited: bool) {
    if let Some(Value::Object(details)) = response.get_mut("incomplete_details").filter(|_| credit_limited)
        && details.get("reason").is_some_and(|reason| reason == "max_output_tokens")
    {
        details.insert("limited_by".to_owned(), json!("credit"));
    }
}

impl Own {
    /// Says it.
    pub fn put(&self, response: &mut Map<String, Value>) {
        response.extend(
            [
                ("id", json!(self.id)),
                ("model", json!(self.model)),
                ("max_output_tokens", self.limit.clone()),
                ("store", json!(self.stored)),
                ("previous_response_id", self.previous.clone()),
            ]
            .map(|(member, value)| (member.to_owned(), value)),
        );
        note_limit(response, self.credit_limited);
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
    pub fn of(request: &Map<String, Value>, model: &str, name: Name, stored: bool) -> Self {
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
                ("id", json!(name.of_response())),
                ("object", json!("response")),
                ("created_at", json!(name.created_at)),
                ("model", json!(model)),
                ("background", json!(false)),
                ("store", json!(stored)),
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
        let head = Head::of(request.as_object().expect("an object"), "a/b", Name::new(), false);
        let response = head.response("in_progress", Vec::new());
        assert_eq!((&response["model"], &response["temperature"]), (&json!("a/b"), &json!(0.5)));
        assert_eq!(response["text"], json!({"format": {"type": "text"}, "verbosity": "low"}));
        assert_eq!(response["reasoning"], json!({"effort": "high", "summary": null}));
        assert_eq!((&response["metadata"], &response["store"]), (&json!({}), &json!(false)));
        assert!(response.get("input").is_none());
        let id = response["id"].as_str().expect("an id");
        assert_eq!(head.name.of_item("msg", 1), format!("msg_{}0001", id.trim_start_matches("resp_")));
        assert_eq!((id_of(id), id_of("resp_1"), id_of("mine")), (head.name.id, Uuid::nil(), Uuid::nil()));
    }
}
