//! How a stored response is shown, and the request that goes on from one
//! (openai-python `resources/responses/responses.py`, `resources/responses/input_items.py`).

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::head::item_of;
use super::request::ResponsesRequest;
use super::{prompt, references};
use crate::error::Error;
use crate::formats::stored::{Said, Wish};
use crate::formats::{PromptSize, Request, Storable};
use crate::object::Object;

/// The member in which thoughts stand as their provider takes them back, and who asks for it.
const SEALED: &str = "encrypted_content";
const INCLUDES_SEALED: &str = "reasoning.encrypted_content";
/// Items of the input are numbered from here on, so that none has the name of one of the output.
const INPUT: usize = 0x8000;

/// A stored response as a client gets it. Thoughts in the form in which a provider takes them back are there where they are asked
/// for.
///
/// # Errors
/// When what is stored is no response.
pub fn shown(stored: &RawValue, said: &Said, include: &[String]) -> serde_json::Result<Box<RawValue>> {
    let mut response: Object<'_> = serde_json::from_str(stored.get())?;
    let output = said.output.iter().map(|item| told(item, include)).collect::<serde_json::Result<Vec<_>>>()?;
    response.set("output", &output)?;
    to_raw_value(&response)
}

/// The items of a stored response's input, each with a type and an id, oldest first.
///
/// # Errors
/// When what is stored are no items.
pub fn input_items(id: Uuid, said: &Said, include: &[String]) -> serde_json::Result<Vec<(String, Box<RawValue>)>> {
    said.input.iter().enumerate().map(|(place, item)| input_item((id, place), item, include)).collect()
}

fn input_item(
    (id, place): (Uuid, usize),
    item: &RawValue,
    include: &[String],
) -> serde_json::Result<(String, Box<RawValue>)> {
    let item = told(item, include)?;
    let mut item: Object<'_> = serde_json::from_str(item.get())?;
    let kind = item.read::<String>("type")?.unwrap_or_else(|| "message".to_owned());
    item.set("type", &kind)?;
    if kind == "message" {
        let role: String = item.read("role")?.unwrap_or_default();
        // A text is a content of one part.
        if let Ok(Some(text)) = item.read::<String>("content") {
            let part = if role == "assistant" {
                json!({ "type": "output_text", "text": text, "annotations": [] })
            } else {
                json!({ "type": "input_text", "text": text })
            };
            item.set("content", &[part])?;
        }
    }
    if kind != "reasoning" && item.get("status").is_none_or(|status| status == "null") {
        item.set("status", "completed")?;
    }
    let name = match item.read::<String>("id")?.filter(|id| !id.is_empty()) {
        Some(name) => name,
        None => {
            let name = item_of(id, prefix(&kind), INPUT + place);
            item.set("id", &name)?;
            name
        }
    };
    Ok((name, to_raw_value(&item)?))
}

/// What the id of an item of this type begins with.
fn prefix(kind: &str) -> &'static str {
    match kind {
        "message" => "msg",
        "reasoning" => "rs",
        "function_call" => "fc",
        "function_call_output" => "fco",
        "custom_tool_call" => "ctc",
        "custom_tool_call_output" => "ctco",
        _ => "item",
    }
}

fn told(item: &RawValue, include: &[String]) -> serde_json::Result<Box<RawValue>> {
    if !item.get().contains(SEALED) || include.iter().any(|wanted| wanted == INCLUDES_SEALED) {
        return Ok(item.to_owned());
    }
    let mut item: Object<'_> = serde_json::from_str(item.get())?;
    item.remove(SEALED);
    to_raw_value(&item)
}

/// An item as far as its place in a conversation needs it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Step<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<std::borrow::Cow<'a, str>>,
    call_id: Option<String>,
}

impl<'a> Step<'a> {
    fn of(item: &'a RawValue) -> Self {
        serde_json::from_str(item.get()).unwrap_or_default()
    }

    fn call(&self, kinds: [&str; 2]) -> Option<&str> {
        self.kind.as_deref().filter(|kind| kinds.contains(kind)).and(self.call_id.as_deref())
    }
}

/// Refuses a conversation in which a call has no output, or an output no call: no provider takes it, and OpenAI says so in these
/// words.
fn check_calls(items: &[Box<RawValue>]) -> Result<(), Error> {
    let steps: Vec<Step<'_>> = items.iter().map(|item| Step::of(item)).collect();
    let calls = ["function_call", "custom_tool_call"];
    let outputs = ["function_call_output", "custom_tool_call_output"];
    let called: HashSet<&str> = steps.iter().filter_map(|step| step.call(calls)).collect();
    let answered: HashSet<&str> = steps.iter().filter_map(|step| step.call(outputs)).collect();
    let of = |kinds, others: &HashSet<&str>| {
        steps.iter().filter_map(|step| step.call(kinds)).find(|id| !others.contains(id)).map(str::to_owned)
    };
    if let Some(id) = of(calls, &answered) {
        let message = format!("No tool output found for function call {id}. Send a `function_call_output` for it.");
        return Err(Error::invalid("input", message));
    }
    if let Some(id) = of(outputs, &called) {
        return Err(Error::invalid("input", format!("No tool call found for function call output with call_id {id}.")));
    }
    Ok(())
}

/// Whether an item that a model said can be said again: not if it is of a kind that goes into no prompt, or if nothing came of it.
fn goes_back(item: &RawValue) -> bool {
    let Ok(item) = serde_json::from_str::<Object<'_>>(item.get()) else { return false };
    item.get("content") != Some("[]") && prompt::is_item(&item)
}

fn said_again(said: &Said) -> impl Iterator<Item = &RawValue> {
    said.input.iter().chain(said.output.iter().filter(|item| goes_back(item))).map(AsRef::as_ref)
}

impl Storable for ResponsesRequest {
    fn wish(&self) -> Wish {
        Wish { id: self.name.id, stored: self.stored, previous: self.previous }
    }

    fn refers(&self) -> &[String] {
        &self.refers
    }

    fn resolved(&self, said: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        Ok(Arc::new(self.with_input(&references::resolved(self.input()?, said)?)?))
    }

    fn items(&self) -> Result<Vec<Box<RawValue>>, Error> {
        self.input()
    }

    fn joined(&self, before: &[Said], stored: bool) -> Result<Arc<dyn Request>, Error> {
        if before.is_empty() {
            return Ok(Arc::new(self.clone().storing(stored)));
        }
        let mut all: Vec<Box<RawValue>> = before.iter().flat_map(said_again).map(ToOwned::to_owned).collect();
        all.extend(self.input()?);
        check_calls(&all)?;
        Ok(Arc::new(self.with_input(&all)?.storing(stored)))
    }

    fn measure(&self, said: &Said) -> (PromptSize, String) {
        prompt::measure_items(said_again(said))
    }
}
