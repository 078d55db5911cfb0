//! What a prompt tells the model to do, so that an agent can be tried without a model: a call of a tool stands in
//! backticks, its name and its arguments, `` `get_time {"zone": "UTC"}` ``. Each line that spells calls is a step, which the
//! model takes when the results of the step before have come; calls on one line are made at once. After the last step it
//! answers in text.

use serde_json::{Map, Value};

use super::{Told, Tool};

/// The steps of a conversation, and how many of them have been taken.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Vec<Told>>,
    taken: usize,
}

impl Steps {
    /// The user says something. What spells no calls, such as a reminder beside results, leaves the steps as they are.
    pub(super) fn said(&mut self, text: &str) {
        let steps: Vec<Vec<Told>> = text.lines().map(spelled).filter(|calls| !calls.is_empty()).collect();
        if !steps.is_empty() {
            *self = Self { steps, taken: 0 };
        }
    }

    /// The model has called tools.
    pub(super) fn called(&mut self) {
        self.taken += 1;
    }

    /// The calls of the next step, of these tools.
    pub(super) fn next(mut self, tools: &[Tool]) -> Vec<Told> {
        let mut calls = if self.taken < self.steps.len() { self.steps.swap_remove(self.taken) } else { Vec::new() };
        calls.retain_mut(|call| {
            let Some(tool) = tools.iter().find(|tool| tool.name == call.name) else { return false };
            if tool.custom {
                // Spelled as a function's, of which it takes the text alone.
                let arguments: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap_or_default();
                call.arguments = arguments.get("input").and_then(Value::as_str).unwrap_or_default().to_owned();
                call.custom = true;
            }
            true
        });
        calls
    }
}

/// The calls that a line spells.
fn spelled(line: &str) -> Vec<Told> {
    let in_backticks = line.split('`').skip(1).step_by(2);
    let call = |written: &str| {
        let (name, arguments) = written.trim().split_once(char::is_whitespace)?;
        let arguments: Map<String, Value> = serde_json::from_str(arguments.trim()).ok()?;
        Some(Told { name: name.to_owned(), arguments: Value::Object(arguments).to_string(), custom: false })
    };
    in_backticks.filter_map(call).collect()
}
