//! A response as a turn of a chat that is kept, which is kept in messages of chat completions.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::over_chat::{kept_messages, seal};
use super::pictures;
use super::request::{ResponsesRequest, whole};
use super::tools::{Tools, input_of};
use crate::error::Error;
use crate::formats::conversation::instructs;
use crate::formats::openai::body;
use crate::formats::{Conversation, Request};

impl Conversation for ResponsesRequest {
    fn messages(&self) -> Result<Vec<Box<RawValue>>, Error> {
        let messages = kept_messages(&whole(&self.body)?, &self.tools);
        let raw = |message: &Value| to_raw_value(message).map_err(|error| body::unwritable(&error));
        messages.iter().map(raw).collect()
    }

    fn with_history(&self, history: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        let mut before = Before { tools: &self.tools, items: Vec::new(), texts: HashSet::new() };
        for (place, message) in history.iter().enumerate() {
            let message = serde_json::from_str(message.get()).map_err(|error| body::unwritable(&error))?;
            before.take(&message, &format!("messages[{place}]"))?;
        }
        let raw = |item: &Value| to_raw_value(item).map_err(|error| body::unwritable(&error));
        let mut all = before.items.iter().map(raw).collect::<Result<Vec<_>, _>>()?;
        all.extend(self.input()?);
        Ok(Arc::new(self.with_input(&all)?.storing(self.stored)))
    }
}

/// The items that say what messages of a chat do.
struct Before<'a> {
    tools: &'a Tools,
    items: Vec<Value>,
    /// The calls whose tool takes a text.
    texts: HashSet<String>,
}

impl Before<'_> {
    fn take(&mut self, message: &Value, at: &str) -> Result<(), Error> {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        match role {
            "assistant" => self.assistant(message, at)?,
            "tool" => {
                let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
                let kind = if self.texts.contains(id) { "custom_tool_call_output" } else { "function_call_output" };
                let output = match message.get("content") {
                    Some(text @ Value::String(_)) => text.clone(),
                    content => Value::Array(parts(content, "input_text", at)?),
                };
                self.items.push(json!({ "type": kind, "call_id": id, "output": output }));
            }
            role if role == "user" || instructs(Some(role)) => {
                let content = parts(message.get("content"), "input_text", at)?;
                self.items.push(json!({ "type": "message", "role": role, "content": content }));
            }
            _ => {
                let message = "A message's `role` is system, developer, user, assistant or tool.";
                return Err(Error::invalid(at.to_owned(), message));
            }
        }
        Ok(())
    }

    fn assistant(&mut self, message: &Value, at: &str) -> Result<(), Error> {
        let details = message.get("reasoning_details").and_then(Value::as_array).filter(|details| !details.is_empty());
        let thought = ["reasoning_content", "reasoning"].iter().find_map(|name| message.get(*name)?.as_str());
        match (details, thought) {
            (Some(details), _) => {
                self.items.push(json!({ "type": "reasoning", "summary": [], "encrypted_content": seal(details) }))
            }
            (None, Some(text)) => {
                let summary = [json!({ "type": "summary_text", "text": text })];
                self.items.push(json!({ "type": "reasoning", "summary": summary }));
            }
            (None, None) => {}
        }
        let mut content = match message.get("content") {
            None | Some(Value::Null) => Vec::new(),
            content => parts(content, "output_text", at)?,
        };
        if let Some(refusal) = message.get("refusal").filter(|refusal| refusal.is_string()) {
            content.push(json!({ "type": "refusal", "refusal": refusal }));
        }
        if !content.is_empty() {
            self.items.push(json!({ "type": "message", "role": "assistant", "content": content }));
        }
        let drawn = message.get("images").and_then(Value::as_array).into_iter().flatten();
        let urls = drawn.filter_map(|image| image.pointer("/image_url/url").and_then(Value::as_str));
        self.items.extend(urls.map(pictures::item));
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| call["function"][name].as_str().unwrap_or_default();
            let tool = self.tools.called(text("name"));
            let mut item = json!({ "call_id": call["id"], "name": tool.map_or(text("name"), |tool| &tool.name) });
            if let Some(namespace) = tool.and_then(|tool| tool.namespace.as_ref()) {
                item["namespace"] = json!(namespace);
            }
            let input = input_of(text("arguments")).filter(|_| tool.is_some_and(|tool| tool.is_custom));
            if let Some(input) = input {
                self.texts.extend(call["id"].as_str().map(ToOwned::to_owned));
                item["type"] = json!("custom_tool_call");
                item["input"] = json!(input);
            } else {
                item["type"] = json!("function_call");
                item["arguments"] = json!(text("arguments"));
            }
            self.items.push(item);
        }
        Ok(())
    }
}

/// A chat's content as the parts of an item's; `text` is what a text is called there.
fn parts(content: Option<&Value>, text: &str, at: &str) -> Result<Vec<Value>, Error> {
    match content {
        Some(Value::String(said)) => Ok(vec![json!({ "type": text, "text": said })]),
        Some(Value::Array(parts)) => parts.iter().map(|one| part(one, text, at)).collect(),
        _ => Ok(Vec::new()),
    }
}

fn part(part: &Value, text: &str, at: &str) -> Result<Value, Error> {
    Ok(match part.get("type").and_then(Value::as_str).unwrap_or_default() {
        "text" => json!({ "type": text, "text": part["text"] }),
        "refusal" => json!({ "type": "refusal", "refusal": part["refusal"] }),
        "image_url" => {
            let image = &part["image_url"];
            let mut own = json!({ "type": "input_image", "image_url": image.get("url").unwrap_or(image) });
            if let Some(detail) = image.get("detail").filter(|detail| detail.is_string()) {
                own["detail"] = detail.clone();
            }
            own
        }
        "file" => {
            let mut own = json!({ "type": "input_file" });
            for name in ["filename", "file_data"] {
                if let Some(value) = part["file"].get(name).filter(|value| value.is_string()) {
                    own[name] = value.clone();
                }
            }
            own
        }
        "input_audio" => json!({ "type": "input_audio", "input_audio": part["input_audio"] }),
        kind => {
            let message = format!("A response cannot have a content part of the type `{kind}`.");
            return Err(Error::invalid(at.to_owned(), message));
        }
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::providers::Rows;

    fn request(further: &Value) -> ResponsesRequest {
        let mut body = json!({"model": "m", "input": "Now."});
        body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
        ResponsesRequest::parse(Bytes::from(body.to_string()), Rows::TABLE).expect("a request")
    }

    #[test]
    fn a_chat_before_a_response_is_what_the_response_says_of_it() {
        let request = request(&json!({"instructions": "Be brief.",
            "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "exec"}]}));
        let call = |id: &str, name: &str, arguments: Value| {
            json!({"id": id, "type": "function",
            "function": {"name": name, "arguments": arguments.to_string()}})
        };
        let history = [
            json!({"role": "user", "content": [{"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}}]}),
            json!({"role": "assistant", "content": "b", "tool_calls": [call("t1", "f", json!({"x": 1})), call("t2", "exec", json!({"input": "ls"}))]}),
            json!({"role": "tool", "tool_call_id": "t1", "content": "one"}),
            json!({"role": "tool", "tool_call_id": "t2", "content": "two"}),
            json!({"role": "assistant", "content": "c"}),
        ];
        let raw: Vec<Box<RawValue>> = history.iter().map(|one| to_raw_value(one).expect("JSON")).collect();
        let joined = request.with_history(&raw).expect("a request");
        let messages = joined.conversation().expect("a conversation").messages().expect("messages");
        let messages: Vec<Value> = messages.iter().map(|one| serde_json::from_str(one.get()).expect("JSON")).collect();
        let (first, last) =
            (json!({"role": "system", "content": "Be brief."}), json!({"role": "user", "content": "Now."}));
        let expected: Vec<&Value> = [&first].into_iter().chain(&history).chain([&last]).collect();
        assert_eq!(messages.iter().collect::<Vec<_>>(), expected);
        let wrong = to_raw_value(&json!({"role": "user", "content": [{"type": "video_url"}]})).expect("JSON");
        assert_eq!(request.with_history(&[wrong]).err().expect("refused").param.as_deref(), Some("messages[0]"));
    }
}
