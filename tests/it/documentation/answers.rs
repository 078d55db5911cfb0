//! Real answers, successes and refusals, are what the document says they are: to the last member.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{described, document};
use crate::samples::{sample, send_with, told};

/// Refuses members that a schema does not name, where it does not say itself what of them.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(entries) => entries.iter_mut().for_each(close),
        _ => {}
    }
}

/// The document's schemas, closed, and what was made of them: many answers have the same.
struct Schemas {
    components: Value,
    validators: HashMap<String, Validator>,
}

impl Schemas {
    fn of(document: &Value) -> Self {
        let mut components = document["components"].clone();
        close(&mut components["schemas"]);
        // What refuses goes by a code, and some codes come with further members.
        components["schemas"]["Error"]["properties"]["error"]["additionalProperties"] = json!(true);
        Self { components, validators: HashMap::new() }
    }

    /// The schema of one response, with everything it refers to.
    fn validator(&mut self, schema: &Value) -> &Validator {
        self.validators.entry(schema.to_string()).or_insert_with(|| {
            let mut schema = schema.clone();
            close(&mut schema);
            let whole = json!({"components": self.components, "allOf": [schema]});
            jsonschema::draft202012::options().should_validate_formats(true).build(&whole).expect("a schema")
        })
    }
}

/// What is wrong with an answer, by the document.
fn complaint(
    document: &Value,
    schemas: &mut Schemas,
    route: &Route,
    operation: &Operation,
    answer: &Answer,
) -> Option<String> {
    let response = &described(document, route, operation)["responses"][answer.status.to_string()];
    if response.is_null() {
        return Some(format!("the status {} is not documented: {}", answer.status, answer.text));
    }
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let content = &response["content"][kind];
    if content.is_null() {
        return Some(format!("{kind:?} is not documented for {}", answer.status));
    }
    if kind != "application/json" {
        return None;
    }
    let body: Value = serde_json::from_str(&answer.text).expect("JSON");
    let validator = schemas.validator(&content["schema"]);
    let errors: Vec<String> = validator.iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
    (!errors.is_empty()).then(|| format!("{}\n{}", errors.join("\n"), answer.text))
}

async fn ask(world: &World, route: &Route, operation: &Operation, key: Option<&str>, owner: &Account) -> Answer {
    let sample = sample(world, route, *operation, owner).await;
    Answer::to(send_with(world, (*operation, route.paths[0]), &sample, key)).await
}

#[tokio::test]
async fn every_success_is_what_the_document_says() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let document = document(&world).await;
    let mut schemas = Schemas::of(&document);
    let mut wrong = Vec::new();
    for route in ROUTES {
        for operation in route.operations {
            let caller = match operation.auth {
                Auth::Admin => world.administrator().await,
                _ => world.account(1_000_000_000).await,
            };
            let secret = world.platform.variables()["CRON_SECRET"].clone();
            let key = match operation.auth {
                Auth::Public => None,
                Auth::Cron => Some(secret.as_str()),
                Auth::User | Auth::Admin => Some(caller.key.as_str()),
            };
            let answer = ask(&world, route, operation, key, &caller).await;
            assert_eq!(
                answer.status,
                told(route, *operation).0,
                "{} {}: {}",
                operation.method,
                route.paths[0],
                answer.text
            );
            if let Some(complaint) = complaint(&document, &mut schemas, route, operation, &answer) {
                wrong.push(format!("{} {}: {complaint}", operation.method, route.paths[0]));
            }
            // What is somebody's own is kept by nobody in between.
            let kept = answer.header("cache-control");
            let is_own = matches!(operation.auth, Auth::User | Auth::Admin) && operation.method == "GET";
            if is_own && !kept.contains("no-store") && !kept.contains("private") {
                wrong.push(format!("{} {}: cache-control: {kept}", operation.method, route.paths[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn every_refusal_is_what_the_document_says() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut schemas = Schemas::of(&document);
    let narrow = world.account(1_000_000_000).await;
    world.change_key(&narrow, "scopes = '{}'").await;
    let mut wrong = Vec::new();
    let mut seen = 0;
    for route in ROUTES {
        for operation in route.operations {
            let someone = world.account(1_000_000_000).await;
            let mut answers = Vec::new();
            for key in [None, Some("gw_live_short"), Some(narrow.key.as_str())] {
                answers.push(ask(&world, route, operation, key, &someone).await);
            }
            let address =
                format!("{}{}", world.base_url, sample(&world, route, *operation, &someone).await.path(route.paths[0]));
            let method: reqwest::Method = operation.method.parse().expect("a method");
            if operation.method != "GET" && operation.method != "DELETE" {
                for (kind, body) in
                    [("application/json", "{"), ("application/json", r#"{"unknown": 1}"#), ("text/plain", "{}")]
                {
                    let request = world.http.request(method.clone(), &address).bearer_auth(&someone.key);
                    answers.push(Answer::to(request.header("content-type", kind).body(body)).await);
                }
            }
            for answer in answers.iter().filter(|answer| answer.status >= 400) {
                seen += 1;
                if let Some(complaint) = complaint(&document, &mut schemas, route, operation, answer) {
                    wrong.push(format!("{} {}: {complaint}", operation.method, route.paths[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen > 30, "{seen} refusals");
}

#[tokio::test]
async fn every_example_of_a_request_is_one_as_it_stands() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let document = document(&world).await;
    let mut schemas = Schemas::of(&document);
    let mut sent = 0;
    for (route, operation) in ROUTES.iter().flat_map(|route| route.operations.iter().map(move |o| (route, o))) {
        let what = format!("{} {}", operation.method, route.paths[0]);
        let schema = &described(&document, route, operation)["requestBody"]["content"]["application/json"]["schema"];
        let Some(reference) = schema["$ref"].as_str() else { continue };
        let examples = &document.pointer(reference.trim_start_matches('#')).expect("a schema")["examples"];
        for example in examples.as_array().unwrap_or_else(|| panic!("{what} has no example")) {
            let errors: Vec<_> = schemas.validator(schema).iter_errors(example).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{what}: {errors:?}");
            let caller = match operation.auth {
                Auth::Admin => world.administrator().await,
                _ => world.account(1_000_000_000).await,
            };
            let mut sample = sample(&world, route, *operation, &caller).await;
            sample.body = Some(example.clone());
            let answer = Answer::to(send_with(&world, (*operation, route.paths[0]), &sample, Some(&caller.key))).await;
            // Whom it names may not exist here.
            assert!([told(route, *operation).0, 401, 403, 404].contains(&answer.status), "{what}: {}", answer.text);
            sent += 1;
        }
    }
    assert!(sent >= 20, "{sent} examples");
}

#[tokio::test]
async fn a_database_that_is_away_is_documented_everywhere() {
    let world = World::start().await;
    let document = document(&world).await;
    let mut schemas = Schemas::of(&document);
    world.platform.postgrest.control().fail(None, None, local::postgrest::Fault::Refuse);
    for route in ROUTES {
        for operation in route.operations {
            let caller = world.account(0).await;
            let answer = ask(&world, route, operation, Some(&caller.key), &caller).await;
            let complaint = complaint(&document, &mut schemas, route, operation, &answer);
            assert!(complaint.is_none(), "{} {}: {}", operation.method, route.paths[0], complaint.unwrap_or_default());
        }
    }
}

#[test]
fn a_member_that_is_not_documented_is_found() {
    let schemas = json!({"A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
                         "B": {"type": "object", "properties": {"c": {"type": "string"}}},
                         "Error": {"properties": {"error": {}}}});
    let document = json!({"components": {"schemas": schemas}});
    let mut schemas = Schemas::of(&document);
    let validator = schemas.validator(&json!({"$ref": "#/components/schemas/A"}));
    assert!(validator.is_valid(&json!({"b": {"c": "x"}})));
    for wrong in [json!({"d": 1}), json!({"b": {"c": "x", "d": 1}}), json!({"b": {"c": 1}})] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
