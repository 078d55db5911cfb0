//! Every operation of the table is in the document, with who may call it, what it takes and what it gives.

use std::collections::HashMap;

use serde_json::{Value, json};
use shared::error::Code;
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::world::World;

use super::{described, document};
use crate::samples::{sample, told};

fn operations() -> impl Iterator<Item = (&'static Route, &'static Operation)> {
    ROUTES.iter().flat_map(|route| route.operations.iter().map(move |operation| (route, operation)))
}

#[tokio::test]
async fn every_operation_is_documented_with_its_auth_and_its_refusals() {
    let world = World::start().await;
    let document = document(&world).await;
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    for (route, operation) in operations() {
        let what = format!("{} {}", operation.method, route.paths[0]);
        let described = described(&document, route, operation);
        let security = match operation.auth {
            Auth::Public => json!([]),
            Auth::User | Auth::Admin => json!([{"bearer": []}, {"x_api_key": []}]),
            Auth::Cron => json!([{"bearer": []}]),
        };
        assert_eq!(described["security"], security, "{what}");
        assert_eq!(described.get("x-scope").and_then(Value::as_str), operation.scope, "{what}");
        for text in ["operationId", "summary"] {
            assert!(described[text].as_str().is_some_and(|text| !text.is_empty()), "{what} has no {text}");
        }
        let responses = described["responses"].as_object().expect("responses");
        let served = told(route, *operation).0.to_string();
        let mut wanted = vec![served.as_str(), "500", "503"];
        match operation.auth {
            Auth::Public => {}
            Auth::User | Auth::Admin => wanted.extend(["401", "403"]),
            Auth::Cron => wanted.push("401"),
        }
        for status in wanted {
            assert!(responses.contains_key(status), "{what} does not say {status}");
        }
        // Nothing comes with a 304.
        for (status, response) in responses.iter().filter(|(status, _)| *status != "304") {
            assert!(response["content"].is_object(), "{what} does not say what comes with {status}");
            if status.starts_with('4') {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Error", "{what} {status}");
                assert!(response["description"].as_str().is_some_and(|text| text.contains('`')), "{what} {status}");
            }
        }
    }
}

#[tokio::test]
async fn what_an_operation_takes_is_documented() {
    let world = World::start().await;
    let document = document(&world).await;
    for (route, operation) in operations() {
        let what = format!("{} {}", operation.method, route.paths[0]);
        let described = described(&document, route, operation);
        let owner = world.account(1_000_000_000).await;
        let sample = sample(&world, route, *operation, &owner).await;
        assert_eq!(described.get("requestBody").is_some(), sample.body.is_some(), "{what}: the body");
        let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, route.paths[0].matches('{').count(), "{what}: the parameters of the path");
        for pair in sample.query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next();
            let known = parameters.iter().any(|it| it["in"] == "query" && it["name"].as_str() == name);
            assert!(known, "{what}: the parameter {pair}");
        }
    }
}

#[tokio::test]
async fn every_member_of_a_request_and_an_answer_is_described() {
    let world = World::start().await;
    let document = document(&world).await;
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut silent = Vec::new();
    for (name, schema) in schemas.iter().filter(|(name, _)| *name != "Error") {
        for (member, described) in schema["properties"].as_object().into_iter().flatten() {
            // Or by the schema that it refers to.
            let text = described.to_string();
            if described["description"].as_str().is_none_or(str::is_empty) && !text.contains("\"$ref\"") {
                silent.push(format!("{name}.{member}"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[tokio::test]
async fn nothing_is_documented_that_is_not_there() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut documented: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        documented.extend(item.as_object().expect("methods").keys().map(|method| format!("{method} {path}")));
    }
    let mut there: Vec<String> = operations()
        .map(|(route, operation)| {
            let path = route.public_path();
            format!("{} {path}", operation.method.to_ascii_lowercase())
        })
        .collect();
    documented.sort();
    there.sort();
    assert_eq!(documented, there);
}

#[tokio::test]
async fn every_code_that_is_named_exists_and_has_the_status_it_is_named_under() {
    let world = World::start().await;
    let document = document(&world).await;
    for (route, operation) in operations() {
        let responses = described(&document, route, operation)["responses"].as_object().expect("responses");
        for (status, response) in responses.iter().filter(|(status, _)| !status.starts_with('2')) {
            let description = response["description"].as_str().unwrap_or_default();
            for quoted in description.split('`').skip(1).step_by(2) {
                // These keep the status that a provider gave.
                let providers = ["upstream_rejected", "provider_key_rejected"].contains(&quoted);
                let code = Code::parse(quoted).unwrap_or_else(|| panic!("{} says {quoted}", route.name));
                assert!(providers || code.status().as_str() == status, "{} says {quoted} of {status}", route.name);
            }
        }
    }
}

#[tokio::test]
async fn every_operation_says_in_words_of_its_own_what_it_does() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut said = HashMap::new();
    for (route, operation) in operations() {
        let what = format!("{} {}", operation.method, route.paths[0]);
        let described = described(&document, route, operation);
        let summary = described["summary"].as_str().expect("a summary");
        assert!(summary.ends_with('.') && !summary.starts_with('`'), "{what}: {summary}");
        let description = described.get("description").map_or("", |text| text.as_str().expect("text"));
        assert!(!description.contains('#') && description != summary, "{what}: {description}");
        if let Some(other) = said.insert(summary, what.clone()) {
            panic!("{what} and {other} both say: {summary}");
        }
    }
}

#[tokio::test]
async fn whatever_the_document_refers_to_is_in_it() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut references = Vec::new();
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str));
                left.extend(members.values());
            }
            Value::Array(entries) => left.extend(entries),
            _ => {}
        }
    }
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("a place in the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert!(references.len() > 100, "{} references", references.len());
}
