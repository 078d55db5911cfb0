//! What was said before, made ready to go with the next turn.

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::app::App;
use crate::error::{Code, Error};
use crate::keyring::{self, Sealed};
use crate::object::Object;

/// The members in which providers give what a model has thought.
const THOUGHTS: [&str; 3] = ["reasoning", "reasoning_content", "reasoning_details"];

/// Opens the messages that came with a hold.
///
/// # Errors
/// `not_configured` when the keyring cannot open one; `internal_error` when it is no JSON.
pub fn opened(app: &App, sealed: &[Sealed]) -> Result<Vec<Box<RawValue>>, Error> {
    let open = |sealed| {
        RawValue::from_string(keyring::open(app, sealed)?).map_err(|error| {
            tracing::error!(%error, "a chat message that is kept is no JSON");
            Error::new(Code::InternalError)
        })
    };
    sealed.iter().map(open).collect()
}

/// A message as far as its place in a conversation needs it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    role: Option<String>,
    tool_calls: Option<Vec<Call>>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
}

impl Place {
    fn of(message: &RawValue) -> Self {
        serde_json::from_str(message.get()).unwrap_or_default()
    }

    fn is(&self, role: &str) -> bool {
        self.role.as_deref() == Some(role)
    }
}

/// The messages of a history as they go before `next`, the messages of a new turn.
///
/// Providers refuse a call of a tool without its answer, and an answer without its call, so what has not both is left out: a
/// chat whose client did not go through with a call must not be lost by it. What a model has thought goes back only while its
/// tools are being called, where some models need it (Anthropic, "Preserving thinking blocks"; DeepSeek, "Thinking mode"). And
/// the first to say something is the user, if a user says anything.
#[must_use]
pub fn before(history: Vec<Box<RawValue>>, next: &[Box<RawValue>]) -> Vec<Box<RawValue>> {
    let places: Vec<Place> = history.iter().chain(next).map(|message| Place::of(message)).collect();
    let first_said = |place: &Place| place.is("user") || place.is("assistant");
    let begins = places[..history.len()].iter().position(|place| place.is("user"));
    let loop_begins = open_loop(&places, history.len());
    let mut kept = Vec::with_capacity(history.len());
    // The call ids whose answers may follow.
    let mut called: Vec<&str> = Vec::new();
    for (at, message) in history.into_iter().enumerate() {
        let place = &places[at];
        if begins.is_some_and(|begins| at < begins && (first_said(place) || place.is("tool"))) {
            continue;
        }
        if place.is("tool") {
            if place.tool_call_id.as_deref().is_some_and(|id| called.contains(&id)) {
                kept.push(message);
            }
            continue;
        }
        called.clear();
        if !place.is("assistant") {
            kept.push(message);
            continue;
        }
        let calls = place.tool_calls.as_deref().unwrap_or_default();
        let answers: Vec<&str> = places[at + 1..]
            .iter()
            .take_while(|next| next.is("tool"))
            .filter_map(|next| next.tool_call_id.as_deref())
            .collect();
        let answered: Vec<bool> =
            calls.iter().map(|call| call.id.as_deref().is_some_and(|id| answers.contains(&id))).collect();
        called.extend(
            calls.iter().zip(&answered).filter(|(_, answered)| **answered).filter_map(|(call, _)| call.id.as_deref()),
        );
        let thinks_on = loop_begins.is_some_and(|begins| at >= begins);
        kept.extend(reduced(message, &answered, thinks_on));
    }
    kept
}

/// Where the calls begin whose answers the new turn brings.
fn open_loop(places: &[Place], history: usize) -> Option<usize> {
    let said = places[history..].iter().find(|place| !place.is("system") && !place.is("developer"))?;
    if !said.is("tool") {
        return None;
    }
    Some(places[..history].iter().rposition(|place| place.is("user")).map_or(0, |user| user + 1))
}

/// An assistant's message without the calls that have no answer, and without thoughts that are over; none if nothing is left.
/// As it was written where nothing is taken out.
fn reduced(message: Box<RawValue>, answered: &[bool], thinks_on: bool) -> Option<Box<RawValue>> {
    let all_answered = answered.iter().all(|answered| *answered);
    let read: Object<'_> = serde_json::from_str(message.get()).ok()?;
    let over = if thinks_on { &[][..] } else { &THOUGHTS[..] };
    if all_answered && over.iter().all(|name| read.get(name).is_none()) {
        return Some(message);
    }
    let mut left = read.clone();
    over.iter().for_each(|name| left.remove(name));
    if !all_answered {
        let calls: Vec<Box<RawValue>> = read.read("tool_calls").ok().flatten().unwrap_or_default();
        let calls: Vec<_> =
            calls.into_iter().zip(answered).filter(|(_, answered)| **answered).map(|(call, _)| call).collect();
        match calls.is_empty() {
            true => left.remove("tool_calls"),
            false => left.set("tool_calls", &calls).ok()?,
        }
    }
    let says = |name: &str| left.get(name).is_some_and(|said| !matches!(said, "null" | "\"\"" | "[]"));
    if !["content", "tool_calls", "refusal", "images", "function_call"].into_iter().any(says) {
        return None;
    }
    to_raw_value(&left).ok()
}

/// A message without what never goes back to a model, of which its size does not depend.
///
/// # Errors
/// None in practice: what is no object is given back.
#[must_use]
pub fn as_sent(message: &RawValue) -> Box<RawValue> {
    let sent = || -> Option<Box<RawValue>> {
        let mut read: Object<'_> = serde_json::from_str(message.get()).ok()?;
        let has = |name: &str| read.get(name).is_some_and(|value| value != "null");
        if has("tool_calls") || !THOUGHTS.into_iter().any(has) {
            return None;
        }
        THOUGHTS.iter().for_each(|name| read.remove(name));
        to_raw_value(&read).ok()
    };
    sent().unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn raw(messages: &[Value]) -> Vec<Box<RawValue>> {
        messages.iter().map(|message| to_raw_value(message).expect("JSON")).collect()
    }

    fn sent(history: &[Value], next: &[Value]) -> Vec<Value> {
        let sent = before(raw(history), &raw(next));
        sent.iter().map(|message| serde_json::from_str(message.get()).expect("JSON")).collect()
    }

    fn user() -> Value {
        json!({"role": "user", "content": "u"})
    }

    fn calls(ids: &[&str], content: Value) -> Value {
        let calls: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}))
            .collect();
        json!({"role": "assistant", "content": content, "tool_calls": calls})
    }

    fn answers(id: &str) -> Value {
        json!({"role": "tool", "tool_call_id": id, "content": "a"})
    }

    #[test]
    fn what_is_whole_goes_as_it_was_written() {
        let text = r#"{"role":"assistant","content":"a","x": 1.50}"#;
        let history: Vec<Box<RawValue>> =
            vec![to_raw_value(&user()).expect("JSON"), RawValue::from_string(text.to_owned()).expect("JSON")];
        assert_eq!(before(history, &raw(&[user()]))[1].get(), text);
        let history = [user(), calls(&["a", "b"], Value::Null), answers("a"), answers("b"), user()];
        assert_eq!(sent(&history, &[user()]), history);
    }

    #[test]
    fn a_call_without_its_answer_and_an_answer_without_its_call_are_left_out() {
        let history = [user(), calls(&["a"], Value::Null)];
        // Answered by the new turn, or by nobody.
        assert_eq!(sent(&history, &[answers("a")]), history);
        assert_eq!(sent(&history, &[user()]), [user()]);
        let said = calls(&["a"], json!("Let me see."));
        assert_eq!(sent(&[user(), said], &[user()]), [user(), json!({"role": "assistant", "content": "Let me see."})]);
        // Of two calls one.
        let history = [user(), calls(&["a", "b"], Value::Null), answers("b"), answers("x"), user()];
        assert_eq!(sent(&history, &[user()]), [user(), calls(&["b"], Value::Null), answers("b"), user()]);
        // The same id in a later turn is another call.
        let history = [user(), calls(&["a"], Value::Null), user(), answers("a")];
        assert_eq!(sent(&history, &[user()]), [user(), user()]);
    }

    #[test]
    fn thoughts_go_back_while_tools_are_called_only() {
        let mut thinking = calls(&["a"], Value::Null);
        thinking["reasoning_details"] = json!([{"type": "reasoning.text"}]);
        let history = [user(), thinking.clone()];
        assert_eq!(sent(&history, &[answers("a")]), history);
        let over = [user(), thinking, answers("a"), json!({"role": "assistant", "content": "b", "reasoning": "hm"})];
        let gone = [user(), calls(&["a"], Value::Null), answers("a"), json!({"role": "assistant", "content": "b"})];
        assert_eq!(sent(&over, &[user()]), gone);
    }

    #[test]
    fn the_user_begins_if_there_is_one() {
        let system = json!({"role": "system", "content": "s"});
        let assistant = json!({"role": "assistant", "content": "a"});
        let history =
            [system.clone(), calls(&["a"], Value::Null), answers("a"), assistant.clone(), user(), assistant.clone()];
        assert_eq!(sent(&history, &[user()]), [system, user(), assistant.clone()]);
        // A loop of tools that is longer than what goes along.
        let history = [calls(&["a"], Value::Null), answers("a"), calls(&["b"], Value::Null)];
        assert_eq!(sent(&history, &[answers("b")]), history);
    }

    #[test]
    fn a_size_is_of_what_is_sent() {
        let thought = json!({"role": "assistant", "content": "a", "reasoning": "a long thought"});
        let sent: Value = serde_json::from_str(as_sent(&to_raw_value(&thought).expect("JSON")).get()).expect("JSON");
        assert_eq!(sent, json!({"role": "assistant", "content": "a"}));
    }
}
