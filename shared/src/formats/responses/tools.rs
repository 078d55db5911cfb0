//! The tools of a request: which there may be, what a chat calls them, and whose call an answer's is.
//!
//! A tool stands in `tools` or, as Codex sends it, in an item `additional_tools` of the input, by itself or within a
//! `namespace`. A custom tool takes a text where a function takes JSON: in a chat it is a function with one text.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::formats::chat::names::Names;

/// Told to who offers a tool that runs at the provider.
const AT_THE_PROVIDER: &str = "A tool's `type` is function, custom or namespace; tools that run at the provider are charged \
                               apart and are not offered here.";

/// The one member that a custom tool's text stands in, in a chat.
const INPUT: &str = "input";

/// A tool that the client runs.
#[derive(Clone, Debug)]
pub struct Tool {
    /// What the client calls it.
    pub name: String,
    /// The namespace that it is in.
    pub namespace: Option<String>,
    /// Whether it takes a text.
    pub is_custom: bool,
    definition: Value,
}

/// All tools of a request.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    offered: Vec<Tool>,
    /// By what a chat calls it, each tool's place.
    places: HashMap<String, usize>,
    /// By its namespace and name, or by its name alone, what a chat calls it.
    names: HashMap<(Option<String>, String), String>,
}

impl Tools {
    /// Reads a request's tools.
    ///
    /// # Errors
    /// 400 that names the tool that is not offered here, or the choice of one.
    pub fn read(request: &Map<String, Value>) -> Result<Self, Error> {
        let mut reader = Reader::default();
        reader.list(request.get("tools"), "tools", None)?;
        let items = request.get("input").and_then(Value::as_array);
        for (place, item) in items.into_iter().flatten().enumerate() {
            if item.get("type").is_some_and(|kind| kind == "additional_tools") {
                reader.list(item.get("tools"), &format!("input[{place}].tools"), None)?;
            }
        }
        let choice = request.get("tool_choice").filter(|choice| !choice.is_null());
        check_choice(choice)?;
        if let Some(place) = reader.search.filter(|_| reader.offered.is_empty()) {
            // Who offers nothing else wants just that; agents add it to whatever they offer.
            return Err(Error::invalid(place, AT_THE_PROVIDER));
        }
        Ok(Self::named(reader.offered))
    }

    fn named(offered: Vec<Tool>) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        offered.iter().for_each(|tool| *counts.entry(tool.name.clone()).or_default() += 1);
        let mut tools = Self { offered, ..Self::default() };
        for (place, tool) in tools.offered.iter().enumerate() {
            let is_alone = counts.get(&tool.name) == Some(&1);
            let name = match &tool.namespace {
                Some(namespace) if !is_alone => format!("{namespace}__{}", tool.name),
                _ => tool.name.clone(),
            };
            let name = Names::default().short(&plain(&name));
            tools.names.entry((tool.namespace.clone(), tool.name.clone())).or_insert_with(|| name.clone());
            tools.names.entry((None, tool.name.clone())).or_insert_with(|| name.clone());
            tools.places.entry(name).or_insert(place);
        }
        tools
    }

    /// The tools as a chat has them; of a choice that names some, those alone.
    pub fn of_chat(&self, choice: Option<&Value>) -> Vec<Value> {
        let allowed = choice.filter(|choice| choice["type"] == "allowed_tools").and_then(|choice| choice.get("tools"));
        let allowed: Option<HashSet<&str>> = allowed
            .and_then(Value::as_array)
            .map(|tools| tools.iter().filter_map(|tool| tool["name"].as_str()).collect());
        let is_allowed = |tool: &Tool| allowed.as_ref().is_none_or(|names| names.contains(tool.name.as_str()));
        let mut named: Vec<(&usize, &String)> = self.places.iter().map(|(name, place)| (place, name)).collect();
        named.sort();
        let tools = named.into_iter().map(|(place, name)| (&self.offered[*place], name));
        tools.filter(|(tool, _)| is_allowed(tool)).map(|(tool, name)| tool.of_chat(name)).collect()
    }

    /// The choice of tools as a chat has it.
    pub fn choice_of_chat(&self, choice: &Value) -> Value {
        match choice.get("type").and_then(Value::as_str) {
            Some("function" | "custom") => {
                let name = self.chat_name(
                    choice.get("namespace").and_then(Value::as_str),
                    choice.get("name").and_then(Value::as_str).unwrap_or_default(),
                );
                json!({ "type": "function", "function": { "name": name } })
            }
            Some("allowed_tools") => choice.get("mode").cloned().unwrap_or_else(|| json!("auto")),
            _ => choice.clone(),
        }
    }

    /// What a chat calls a tool of the client's.
    pub fn chat_name(&self, namespace: Option<&str>, name: &str) -> String {
        let known = self.names.get(&(namespace.map(str::to_owned), name.to_owned()));
        // A call of an earlier turn may be of a tool that is not offered any more.
        known.cloned().unwrap_or_else(|| Names::default().short(&plain(name)))
    }

    /// The tool that a chat calls so.
    pub fn called(&self, chat_name: &str) -> Option<&Tool> {
        self.places.get(chat_name).map(|place| &self.offered[*place])
    }
}

impl Tool {
    fn of_chat(&self, name: &str) -> Value {
        let given = |member: &str| self.definition.get(member).filter(|value| !value.is_null()).cloned();
        let mut function = json!({ "name": name });
        if self.is_custom {
            let description =
                given("description").and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
            function["description"] = json!(description + &grammar(&self.definition["format"]));
            function["parameters"] = json!({ "type": "object", "properties": { INPUT: { "type": "string" } },
                "required": [INPUT], "additionalProperties": false });
        } else {
            for member in ["description", "strict"] {
                if let Some(value) = given(member) {
                    function[member] = value;
                }
            }
            let none = || json!({ "type": "object", "properties": {} });
            function["parameters"] = given("parameters").unwrap_or_else(none);
        }
        json!({ "type": "function", "function": function })
    }
}

/// What a model is told of a custom tool's grammar, which a chat cannot hold it to.
fn grammar(format: &Value) -> String {
    let said = |name: &str| format.get(name).and_then(Value::as_str).unwrap_or_default();
    if said("type") != "grammar" {
        return String::new();
    }
    format!("\n\nThe input is a text of this {} grammar:\n{}", said("syntax"), said("definition"))
}

/// A custom tool's text out of a call's arguments in a chat.
///
/// `None` when they are JSON that is cut off: nothing that a tool could be run with.
#[must_use]
pub fn input_of(arguments: &str) -> Option<String> {
    match serde_json::from_str::<Value>(arguments) {
        Ok(Value::String(text)) => Some(text),
        Ok(Value::Object(members)) => match members.get(INPUT) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
            None => Some(Value::Object(members).to_string()),
        },
        Ok(other) => Some(other.to_string()),
        Err(_) if arguments.trim_start().starts_with('{') => None,
        // Some models write the text itself.
        Err(_) => Some(arguments.to_owned()),
    }
}

/// A call's arguments in a chat for a custom tool's text.
#[must_use]
pub fn arguments_of(input: &str) -> String {
    json!({ INPUT: input }).to_string()
}

/// A name of letters, digits, underscores and hyphens, as chat wants it.
fn plain(name: &str) -> String {
    let kept = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    name.chars().map(kept).collect()
}

fn check_choice(choice: Option<&Value>) -> Result<(), Error> {
    const SHAPE: &str = "`tool_choice` is none, auto or required, or names a function, a custom tool or allowed tools.";
    let is_right = match choice {
        None => true,
        Some(Value::String(mode)) => matches!(mode.as_str(), "none" | "auto" | "required"),
        Some(choice) => match choice.get("type").and_then(Value::as_str) {
            Some("function" | "custom") => choice.get("name").is_some_and(Value::is_string),
            Some("allowed_tools") => choice.get("tools").is_some_and(Value::is_array),
            _ => false,
        },
    };
    if is_right { Ok(()) } else { Err(Error::invalid("tool_choice", SHAPE)) }
}

#[derive(Default)]
struct Reader {
    offered: Vec<Tool>,
    /// Where a search of the web is offered.
    search: Option<String>,
}

impl Reader {
    fn list(&mut self, tools: Option<&Value>, at: &str, namespace: Option<&str>) -> Result<(), Error> {
        let tools = match tools {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Array(tools)) => tools,
            Some(_) => return Err(Error::invalid(at.to_owned(), format!("`{at}` is an array of tools."))),
        };
        tools.iter().enumerate().try_for_each(|(place, tool)| self.tool(tool, &format!("{at}[{place}]"), namespace))
    }

    fn tool(&mut self, tool: &Value, at: &str, namespace: Option<&str>) -> Result<(), Error> {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        let name = || match tool.get("name").and_then(Value::as_str) {
            Some(name) if !name.is_empty() => Ok(name),
            _ => Err(Error::invalid(format!("{at}.name"), "A tool has a `name`.")),
        };
        match kind {
            "function" | "custom" => self.offered.push(Tool {
                name: name()?.to_owned(),
                namespace: namespace.map(str::to_owned),
                is_custom: kind == "custom",
                definition: tool.clone(),
            }),
            "namespace" if namespace.is_none() => {
                self.list(tool.get("tools"), &format!("{at}.tools"), Some(name()?))?;
            }
            // All tools are offered at once here, so that there is none to be searched for.
            "tool_search" if tool.get("execution").is_some_and(|by| by == "client") => {}
            kind if is_search(kind) => {
                self.search.get_or_insert_with(|| format!("{at}.type"));
            }
            _ => return Err(Error::invalid(format!("{at}.type"), AT_THE_PROVIDER)),
        }
        Ok(())
    }
}

/// Whether a tool searches the web.
#[must_use]
pub fn is_search(kind: &str) -> bool {
    kind.starts_with("web_search")
}

#[cfg(test)]
mod tests;
