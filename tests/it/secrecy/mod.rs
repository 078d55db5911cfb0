//! Nothing that opens anything is anywhere but where it belongs, and nobody learns of anybody else.

mod addresses;
mod full_run;
mod platforms;
mod strangers;

use http::HeaderValue;
use reqwest::RequestBuilder;
use serde_json::Value;
use shared::route::{Operation, Route};
use shared::routes::ROUTES;
use tests::answer::Answer;

use crate::documentation::described;

/// Where in a request something is named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    Path(String),
    Query(String),
    Body(String),
}

/// Every operation with each slot that takes a value of this format, as the document has it.
fn slots(document: &Value, format: &str) -> Vec<(&'static Route, Operation, Slot)> {
    let mut slots = Vec::new();
    for (route, operation) in ROUTES.iter().flat_map(|route| route.operations.iter().map(move |o| (route, *o))) {
        let described = described(document, route, &operation);
        let name = |text: &Value| text.as_str().expect("a name").to_owned();
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            let slot = match parameter["in"].as_str() {
                Some("path") => Slot::Path(name(&parameter["name"])),
                Some("query") => Slot::Query(name(&parameter["name"])),
                _ => continue,
            };
            if parameter["schema"]["format"] == format {
                slots.push((route, operation, slot));
            }
        }
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        let schema = match schema["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a schema"),
            None => schema,
        };
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema["format"] == format {
                slots.push((route, operation, Slot::Body(member.clone())));
            }
        }
    }
    slots
}

/// Status, headers and body.
type Told = (u16, Vec<(String, HeaderValue)>, String);

/// What is new with every answer: names and times, and what is left of a window.
const NEW: [&str; 5] = ["date", "x-request-id", "request-id", "server-timing", "x-ratelimit-remaining-requests"];

/// All that an answer tells, byte for byte, but for what is new with every answer.
async fn told(request: RequestBuilder) -> Told {
    let answer = Answer::to(request).await;
    let text = answer.text.replace(answer.header("x-request-id"), "ID");
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !NEW.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    headers.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    (answer.status, headers, text)
}
