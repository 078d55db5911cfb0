//! A chat's tools, and the choice among them, as a message has them.

use serde_json::{Map, Value, json};

use crate::error::Error;

pub fn tools(chat: &Map<String, Value>) -> Result<Vec<Value>, Error> {
    let tools = chat.get("tools").and_then(Value::as_array);
    let allowed = allowed_tools(chat);
    let mut taken = Vec::new();
    for (place, tool) in tools.into_iter().flatten().enumerate() {
        let Some(function) = tool.get("function").filter(|_| tool["type"] == "function") else {
            let message = "This model knows tools of the type `function` only.";
            return Err(Error::invalid(format!("tools[{place}].type"), message));
        };
        if allowed.as_ref().is_some_and(|allowed| !allowed.contains(&&function["name"])) {
            continue;
        }
        let mut own = json!({ "name": function["name"], "input_schema": { "type": "object", "properties": {} } });
        for (name, member) in [("description", "description"), ("strict", "strict"), ("input_schema", "parameters")] {
            if let Some(value) = function.get(member).filter(|value| !value.is_null()) {
                own[name] = value.clone();
            }
        }
        if let Value::Object(schema) = &mut own["input_schema"] {
            schema.entry("type").or_insert_with(|| json!("object"));
        }
        if let Some(cache) = tool.get("cache_control").or_else(|| function.get("cache_control")) {
            own["cache_control"] = cache.clone();
        }
        taken.push(own);
    }
    Ok(taken)
}

/// The names of the tools that may be called, where the choice names them.
fn allowed_tools(chat: &Map<String, Value>) -> Option<Vec<&Value>> {
    let tools = chat.get("tool_choice")?.pointer("/allowed_tools/tools")?.as_array()?;
    Some(tools.iter().filter_map(|tool| tool.pointer("/function/name")).collect())
}

pub fn tool_choice(chat: &Map<String, Value>) -> Result<Option<Value>, Error> {
    let invalid = || Error::invalid("tool_choice", "`tool_choice` is none, auto, required or a function.");
    let kind = |choice: &str| match choice {
        "auto" => Ok("auto"),
        "required" => Ok("any"),
        "none" => Ok("none"),
        _ => Err(invalid()),
    };
    let mut choice = match chat.get("tool_choice") {
        None | Some(Value::Null) => None,
        Some(Value::String(choice)) => Some(json!({ "type": kind(choice)? })),
        Some(choice) => match (choice.pointer("/function/name"), choice.pointer("/allowed_tools/mode")) {
            (Some(name), _) => Some(json!({ "type": "tool", "name": name })),
            (None, Some(Value::String(mode))) => Some(json!({ "type": kind(mode)? })),
            _ => return Err(invalid()),
        },
    };
    if chat.get("parallel_tool_calls") == Some(&Value::Bool(false)) {
        let choice = choice.get_or_insert_with(|| json!({ "type": "auto" }));
        if choice["type"] != "none" {
            choice["disable_parallel_tool_use"] = json!(true);
        }
    }
    Ok(choice)
}
