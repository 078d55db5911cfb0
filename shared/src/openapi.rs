//! The API's own documentation: OpenAPI 3.1 for the whole table.
//!
//! A handler's attribute says what it takes and gives; the table says where it answers and who may call it; the codes
//! say how it refuses. The document is derived from the three by `cargo run -- routes --write`, so that the functions
//! neither build it nor link what it is built with.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::answer_headers::DESCRIBED;
use crate::error::Code;
use crate::route::{Auth, Operation, Route};
use crate::routes::{Documented, ROUTES};

/// Schemas of objects that are passed through: they may hold further members, which are the provider's.
const PASSED_ON: [&str; 11] = [
    "ChatCompletionRequest",
    "ChatMessage",
    "ChatCompletion",
    "TextCompletionRequest",
    "TextCompletion",
    "MessageRequest",
    "ConversationMessage",
    "Message",
    "CountTokensRequest",
    "ResponseRequest",
    "Response",
];

/// What the operations are sorted by, in the order in which a user comes to them, and what each is about.
const TAGS: [(&str, &str, &str); 14] = [
    (
        "inference",
        "Inference",
        "Calls of models, in OpenAI's and Anthropic's formats: point an SDK's base URL here, and use a key of this gateway. \
         What a call costs stands in its answer's `usage.cost`, and is what the balance loses.",
    ),
    ("models", "Models", "Which models there are, who serves them, and at what price."),
    ("chats", "Chats", "Conversations that are kept: sealed, searchable, exported and forgotten as you say."),
    ("responses", "Stored responses", "Responses read again, deleted, and what they were asked."),
    ("keys", "API keys", "Keys with scopes, limits and a life of their own."),
    (
        "openrouter",
        "OpenRouter's API",
        "What OpenRouter's clients ask for besides inference, in its shapes. With `/api/v1` as their base URL they run as they \
         are: there errors are worded as OpenRouter's, too.",
    ),
    ("usage", "Usage", "What was called, by which key, and what it cost."),
    ("money", "Credit", "What is left, what is reserved, and every change of it."),
    ("plans", "Plans", "What there is to choose from, subscriptions, and the trial."),
    ("account", "Account", "Who you are here: profile, limits, privacy, your own keys at the providers."),
    ("sign-in", "Sign-in", "How a person comes to an account and a first key: by a mailed code, or by Privy."),
    ("public", "The service", "What it is, how it is, and this documentation."),
    ("admin", "Administration", "For administrators: accounts, credit, limits, plans, roles, the audit trail."),
    (
        "cron",
        "Housekeeping",
        "For the deployment's own timer, which sends its `CRON_SECRET` in the place of an API key.",
    ),
];

/// The schema of every error body.
const ERROR: &str = "Error";

/// The document.
///
/// # Errors
/// When it cannot be serialized, or a handler's attribute names a path or method that the table does not.
pub fn document() -> Result<Value, String> {
    let mut document = serde_json::to_value(Documented::openapi()).map_err(|error| error.to_string())?;
    let written = document["paths"].as_object().cloned().unwrap_or_default();
    let schemas = document["components"]["schemas"].clone();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let path = route.public_path();
        for operation in route.operations {
            let method = operation.method.to_ascii_lowercase();
            let mut described = written
                .get(&path)
                .and_then(|item| item.get(&method))
                .cloned()
                .ok_or_else(|| format!("no handler's attribute says `{method}` and `{path}`"))?;
            complete(&mut described, &schemas, route, operation);
            let tag = described["tags"][0].as_str().unwrap_or_default();
            if !TAGS.iter().any(|(name, ..)| *name == tag) {
                return Err(format!("`{method}` and `{path}` have the tag `{tag}`, of which TAGS says nothing"));
            }
            paths.entry(path.clone()).or_default().insert(method, described);
        }
    }
    let operations =
        |paths: &Map<String, Value>| paths.values().filter_map(Value::as_object).map(Map::len).sum::<usize>();
    let named: usize = paths.values().map(Map::len).sum();
    if operations(&written) != named {
        return Err("a handler's attribute says a path that the table does not".to_owned());
    }
    document["paths"] = json!(paths);
    document["info"] = json!({
        "title": "Gateway",
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "MIT", "identifier": "MIT" },
        "description": "One OpenAI-compatible API in front of many model providers, with API keys, prepaid credits \
            and rate limits. Money is in US dollars, as numbers with at most nine decimals; times are RFC 3339 in UTC. \
            Every answer carries `x-request-id`.",
    });
    let tags = TAGS.map(|(name, shown, about)| json!({ "name": name, "x-displayName": shown, "description": about }));
    document["tags"] = json!(tags);
    let headers: String = DESCRIBED.iter().map(|(name, says)| format!("- `{name}`: {says}\n")).collect();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    document["info"]["description"] = json!(format!("{about}\n\n**Headers of answers**\n\n{headers}"));
    document["servers"] = json!([{ "url": "/" }]);
    let schemas = &mut document["components"]["schemas"];
    schemas[ERROR] = error_schema();
    for name in PASSED_ON {
        schemas[name]["additionalProperties"] = json!(true);
        // What a reader sees in the place of a name.
        schemas[name]["x-additionalPropertiesName"] = json!("any further member");
    }
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, `gw_…`." },
        "x_api_key": { "type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key." },
    });
    Ok(document)
}

/// Adds to an operation what the table knows: its id, what it does, who may call it and how everyone is refused.
fn complete(described: &mut Value, schemas: &Value, route: &Route, operation: &Operation) {
    let method = operation.method.to_ascii_lowercase();
    described["operationId"] = json!(format!("{}_{method}", route.name));
    let own = own_words(described);
    let (summary, rest) = match own.split_once(". ") {
        _ if route.operations.len() == 1 || own.is_empty() => (route.summary.to_owned(), own.as_str()),
        Some((first, rest)) => (format!("{first}."), rest),
        None => (own.clone(), ""),
    };
    described["summary"] = json!(summary);
    described["description"] = json!(rest);
    if rest.is_empty()
        && let Some(members) = described.as_object_mut()
    {
        members.remove("description");
    }
    if let Some(scope) = operation.scope {
        described["x-scope"] = json!(scope);
    }
    described["security"] = match operation.auth {
        Auth::Public => json!([]),
        Auth::User | Auth::Admin => json!([{ "bearer": [] }, { "x_api_key": [] }]),
        // Its secret goes where a key goes. A scheme of its own would be offered to everybody who looks for theirs.
        Auth::Cron => json!([{ "bearer": [] }]),
    };
    let takes_body = described.get("requestBody").is_some();
    let takes_anything = takes_body || described.get("parameters").is_some();
    if let Some(body) = described.get_mut("requestBody") {
        // A body of which nothing is required may be left out.
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        let schema = schema.rsplit('/').next().and_then(|name| schemas.get(name));
        let needs_something = schema
            .is_none_or(|schema| ["required", "minProperties"].iter().any(|needed| schema.get(*needed).is_some()));
        body["required"] = json!(needs_something);
    }
    let mut refusals = Vec::new();
    match operation.auth {
        Auth::Public => {}
        Auth::User | Auth::Admin => refusals.extend([401, 403]),
        Auth::Cron => refusals.push(401),
    }
    if takes_anything {
        refusals.push(400);
    }
    if takes_body {
        refusals.extend([413, 415]);
    }
    refusals.extend([500, 503]);
    let Some(responses) = described["responses"].as_object_mut() else { return };
    for status in refusals {
        responses.entry(status.to_string()).or_insert_with(|| json!({ "description": "" }));
    }
    for (status, response) in responses.iter_mut() {
        let Some(status) = status.parse::<u16>().ok().filter(|status| *status >= 400) else { continue };
        if response.get("content").is_none() {
            response["content"] =
                json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{ERROR}") } } });
        }
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = json!(usual_codes(status));
        }
    }
}

/// What a handler's own documentation says, without the method and path that it begins with, and without the errors:
/// the document has them elsewhere.
fn own_words(described: &Value) -> String {
    let part = |name: &str| described[name].as_str().unwrap_or_default();
    let words = format!("{}\n\n{}", part("summary"), part("description"));
    let words = words.split("# Errors").next().unwrap_or_default();
    let words = match words.strip_prefix('`').and_then(|words| words.split_once('`')) {
        Some((_, words)) => words.trim_start_matches([':', ',', '.']),
        None => words,
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The codes of a status that any operation may answer with.
fn usual_codes(status: u16) -> String {
    let usual: &[Code] = match status {
        400 => &[Code::InvalidRequest, Code::InvalidJson, Code::UnknownField],
        401 => {
            &[Code::MissingApiKey, Code::InvalidApiKey, Code::ApiKeyRevoked, Code::ApiKeyExpired, Code::ApiKeyDisabled]
        }
        403 => &[Code::InsufficientScope, Code::AccountDisabled, Code::IpNotAllowed, Code::DomainNotAllowed],
        413 => &[Code::PayloadTooLarge],
        415 => &[Code::UnsupportedMediaType],
        500 => &[Code::InternalError],
        503 => &[Code::ServiceUnavailable, Code::AccountBusy, Code::NotConfigured],
        _ => &[],
    };
    usual.iter().map(|code| format!("`{}`", code.as_str())).collect::<Vec<_>>().join(", ")
}

fn error_schema() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "A refusal or failure. `code` says which; further members go with some codes, such as `required` and `available`.",
        "required": ["error"],
        "additionalProperties": false,
        "properties": {
        "type": { "const": "error", "description": "On the endpoints that speak Anthropic's format." },
        "request_id": { "type": "string", "description": "There, too: the request's id." },
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": { "type": "string", "description": "What to do about it." },
                "type": { "type": "string" },
                "param": { "type": ["string", "null"], "description": "The member or parameter at fault." },
                "code": { "type": "string", "enum": codes },
            },
        } },
    })
}
