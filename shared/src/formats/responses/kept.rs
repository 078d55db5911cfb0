//! A response as it is stored, whole or broken off.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::pictures::PICTURE;
use super::{references, wire};
use crate::error::Error;
use crate::formats::chat::pictures::MOST_KEPT;
use crate::formats::{Ending, StoredAnswer};
use crate::object::Object;

/// A response as it is stored: what it says, and its output apart.
#[must_use]
pub fn apart(response: &[u8]) -> Option<StoredAnswer> {
    let mut response: Object<'_> = serde_json::from_slice(response).ok()?;
    let output: Vec<Box<RawValue>> = response.read("output").ok().flatten().unwrap_or_default();
    let output = within_bounds(output)?;
    response.remove("output");
    let named = references::named(output.iter().map(AsRef::as_ref));
    Some(StoredAnswer { shown: to_raw_value(&response).ok()?, output, named })
}

/// The items without the pictures of which there is more than is kept.
fn within_bounds(mut output: Vec<Box<RawValue>>) -> Option<Vec<Box<RawValue>>> {
    let is_picture = |item: &RawValue| {
        let item: Object<'_> = serde_json::from_str(item.get()).unwrap_or_default();
        item.read::<String>("type").ok().flatten().is_some_and(|kind| kind == PICTURE)
    };
    let drawn: usize = output.iter().filter(|item| is_picture(item)).map(|item| item.get().len()).sum();
    if drawn > MOST_KEPT {
        for item in output.iter_mut().filter(|item| is_picture(item)) {
            let mut without: Object<'_> = serde_json::from_str(item.get()).ok()?;
            without.set("result", &Value::Null).ok()?;
            *item = to_raw_value(&without).ok()?;
        }
    }
    Some(output)
}

/// A response that has not come to its end.
#[must_use]
pub fn broken_off(mut response: Map<String, Value>, items: Vec<Value>, ending: Ending) -> Map<String, Value> {
    let (status, error, reason) = match ending {
        Ending::Complete => ("completed", Value::Null, None),
        Ending::Left => ("incomplete", Value::Null, Some("client_left")),
        Ending::Failed(code) => ("failed", wire::failure(&Error::new(code)), None),
    };
    response.extend(
        [
            ("status", json!(status)),
            ("error", error),
            ("incomplete_details", reason.map_or(Value::Null, |reason| json!({ "reason": reason }))),
            ("output", Value::Array(items)),
        ]
        .map(|(member, value)| (member.to_owned(), value)),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_stored_unless_there_is_too_much_of_them() {
        let stored = |bytes: usize| {
            let picture = json!({"type": PICTURE, "id": "ig_1", "status": "completed", "result": "A".repeat(bytes)});
            let text = json!({"type": "message", "id": "msg_1", "role": "assistant", "content": []});
            let response = json!({"id": "resp_1", "output": [text, picture]}).to_string();
            let output = apart(response.as_bytes()).expect("a response").output;
            let read = |item: &RawValue| serde_json::from_str::<Value>(item.get()).expect("JSON");
            (read(&output[0]), read(&output[1]))
        };
        assert_eq!(stored(1_000).1["result"], "A".repeat(1_000));
        let (text, picture) = stored(MOST_KEPT);
        assert_eq!((&text["id"], &picture["id"], &picture["result"]), (&json!("msg_1"), &json!("ig_1"), &Value::Null));
    }
}
