//! The form that a chat wants its answer in, as a message is told of it.

use serde_json::{Map, Value, json};

use crate::error::Error;

pub fn response_format(format: &Value, message: &mut Map<String, Value>, system: &mut Vec<Value>) -> Result<(), Error> {
    match format.get("type").and_then(Value::as_str) {
        Some("text") => {}
        Some("json_object") => {
            system.push(json!({ "type": "text", "text": "Answer with one JSON object and nothing else." }))
        }
        Some("json_schema") => {
            let schema = format.pointer("/json_schema/schema").cloned().unwrap_or_else(|| json!({ "type": "object" }));
            let format = json!({ "type": "json_schema", "schema": closed(schema) });
            message.insert("output_config".to_owned(), json!({ "format": format }));
        }
        _ => {
            let message = "`response_format` has the `type` text, json_object or json_schema.";
            return Err(Error::invalid("response_format", message));
        }
    }
    Ok(())
}

/// A schema of objects that have no other members than those it names: Anthropic takes no other.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if members.get("type").is_some_and(|kind| kind == "object") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(|member| *member = closed(member.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = closed(item.take())),
        _ => {}
    }
    schema
}
