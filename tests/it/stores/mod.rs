//! What becomes of calls whose stores are away, slow, or not themselves.

mod begin;
mod closed;
mod endpoints;
mod locked;
mod outbox;
mod previews;
mod redis;
mod settle;

use local::postgrest::{Control, Fault};
use local::upstash::Reply;
use reqwest::Response;
use serde_json::Value;
use tests::certain;
use tests::world::{CREDIT, World};

/// A closed port of this machine.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Words of a store that no caller may read.
const INTERNALS: [&str; 12] = [
    "PGRST",
    "JWT",
    "apikey",
    "deadlock",
    "timeout",
    "postgres",
    "supabase",
    "sb_secret",
    "html",
    "begin_request",
    "internal-host",
    "127.0.0.1",
];

/// An answer in the database's place.
fn answer(status: u16, content_type: &str, body: &str) -> Fault {
    Fault::Answer { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

/// Answers of a database that cannot be used; each would be easy to mistake for a refusal of our own.
fn database_faults() -> Vec<Fault> {
    let json = "application/json";
    let page = "<html><h1>402 Payment Required</h1>internal-host postgres</html>";
    vec![
        Fault::Refuse,
        Fault::DropAnswer,
        Fault::Raise("40P01".to_owned()),
        Fault::Raise("40001".to_owned()),
        Fault::Raise("57014".to_owned()),
        answer(
            401,
            json,
            r#"{"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."}"#,
        ),
        answer(401, json, r#"{"code":"PGRST301","details":null,"hint":null,"message":"JWT expired"}"#),
        answer(403, json, r#"{"code":"42501","message":"insufficient_scope","details":null,"hint":null}"#),
        answer(
            402,
            json,
            r#"{"code":"PT402","message":"exceed_egress_quota","details":"the project internal-host is paused"}"#,
        ),
        answer(401, "text/html", page),
        answer(402, "text/html", page),
        answer(500, "text/html", page),
        answer(500, json, r#"{"code":"XX000","message":"internal-host: out of memory"}"#),
        answer(
            503,
            json,
            r#"{"code":"PGRST000","message":"Database connection error. Retrying the connection.","details":"internal-host"}"#,
        ),
        answer(200, "text/html", page),
    ]
}

/// 503 `service_unavailable` with retry-after, and not a word about what is behind us.
async fn assert_unavailable(response: Response, case: &str) {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = certain("a body", response.text()).await.expect("a body");
    assert_eq!(status, 503, "{case}: {text}");
    assert_eq!(headers.get("retry-after").map(|value| value.to_str().expect("text")), Some("1"), "{case}: {text}");
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{case}: not JSON: {text}"));
    assert_eq!(told["error"]["code"], "service_unavailable", "{case}: {text}");
    assert_no_internals(&format!("{headers:?} {text}"), case);
}

fn assert_no_internals(told: &str, case: &str) {
    for word in INTERNALS {
        assert!(!told.to_lowercase().contains(&word.to_lowercase()), "{case}: {word} in {told}");
    }
}

/// From now on, until [`Control::clear`], the database does this with every call of the function.
fn always(world: &World, function: &str, fault: Fault) -> Control {
    let control = world.platform.postgrest.control();
    control.fail(Some(function), None, fault);
    control
}

/// How many settles wait in the outbox.
async fn waiting_settles(world: &World) -> i64 {
    match world.platform.upstash.execute(&["LLEN", "outbox"]).await.expect("LLEN") {
        Reply::Integer(count) => count,
        other => panic!("{other:?}"),
    }
}
