//! A response as it is stored, whole or broken off.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::{references, wire};
use crate::error::Error;
use crate::formats::{Ending, StoredAnswer};
use crate::object::Object;

/// A response as it is stored: what it says, and its output apart.
#[must_use]
pub fn apart(response: &[u8]) -> Option<StoredAnswer> {
    let mut response: Object<'_> = serde_json::from_slice(response).ok()?;
    let output: Vec<Box<RawValue>> = response.read("output").ok().flatten().unwrap_or_default();
    response.remove("output");
    let named = references::named(output.iter().map(AsRef::as_ref));
    Some(StoredAnswer { shown: to_raw_value(&response).ok()?, output, named })
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
