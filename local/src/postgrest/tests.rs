//! The stand-in through HTTP, over whichever database this machine has.
use super::*;
use crate::database::Cluster;
use serde_json::{Value, json};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A stand-in over a database of its own.
struct Fixture {
    postgrest: Postgrest,
    keys: Keys,
    database: Database,
}

impl Fixture {
    async fn start() -> Fixture {
        let sql = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgrest/tests.sql"));
        let none = Path::new("/nonexistent");
        let cluster = Cluster::shared(none, &[sql]).await.expect("a cluster");
        let database = cluster.create_database().await.expect("a database");
        let keys = Keys::derive(b"a seed").expect("keys");
        let postgrest = Postgrest::start(&database, keys.clone()).await.expect("a stand-in");
        Fixture { postgrest, keys, database }
    }

    /// Calls a function as the service does.
    async fn call(&self, function: &str, body: Value) -> Reply {
        self.call_as(&format!("apikey: {}", self.keys.secret), function, &body.to_string()).await
    }

    async fn call_as(&self, headers: &str, function: &str, body: &str) -> Reply {
        let path = format!("/rest/v1/rpc/{function}");
        self.send("POST", &path, headers, body).await.expect("an answer")
    }

    /// None if the connection was closed without an answer.
    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Reply> {
        let address = self.postgrest.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("a request sent");
        let mut answer = String::new();
        // A reset is a closed connection too.
        let _ = stream.read_to_string(&mut answer).await;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let chunked = head.contains("transfer-encoding");
        assert!(!chunked, "{head}");
        Some(Reply { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) })
    }

    async fn notes(&self) -> i64 {
        self.database.query("select count(*) from private.notes", &[]).await.expect("a count")[0].get(0)
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Waits until something is so; the limit is for tests that fail.
async fn until(so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it to become so");
}

#[tokio::test]
async fn results_come_as_json_of_their_type() {
    let fixture = Fixture::start().await;
    let echo = fixture.call("echo", json!({"value": {"a": [1, "x"]}})).await;
    assert_eq!((echo.status, echo.body), (200, json!({"value": {"a": [1, "x"]}, "label": "none"})));
    assert!(echo.head.contains("content-type: application/json; charset=utf-8"), "{}", echo.head);
    let added = fixture.call("add_note", json!({"id": 1, "text": "hello"})).await;
    assert_eq!((added.status, added.body), (204, Value::Null));
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1));
    assert_eq!(fixture.call_as(&format!("apikey: {}", fixture.keys.secret), "count_notes", "").await.body, json!(1));
    assert_eq!(fixture.call("numbers", json!({"upto": 3})).await.body, json!([1, 2, 3]));
    assert_eq!(fixture.call("numbers", json!({"upto": 0})).await.body, json!([]));
    let pairs = json!([{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]);
    assert_eq!(fixture.call("pairs", json!({})).await.body, pairs);
}

#[tokio::test]
async fn arguments_become_sql_by_their_declared_types() {
    let fixture = Fixture::start().await;
    let body = json!({"n": "12.50", "flags": [true, false], "at": "2026-01-02T03:04:05Z", "nothing": null});
    let reply = fixture.call("types", body).await;
    let expected = json!({"n": 12.50, "flags": [true, false], "at": "2026-01-02T03:04:05", "null": true});
    assert_eq!(reply.body, expected);
    let bad = fixture.call("numbers", json!({"upto": "many"})).await;
    assert_eq!((bad.status, bad.code()), (400, "22P02"));
    let huge = fixture.call("numbers", json!({"upto": 99_999_999_999_i64})).await;
    assert_eq!((huge.status, huge.code()), (400, "22003"));
}

#[tokio::test]
async fn arguments_must_be_exactly_those_of_a_function() {
    let fixture = Fixture::start().await;
    for body in [json!({}), json!({"value": 1, "other": 2}), json!({"label": "x"})] {
        let reply = fixture.call("echo", body).await;
        assert_eq!((reply.status, reply.code()), (404, "PGRST202"));
        assert_eq!(reply.body["hint"], "Perhaps you meant to call the function public.echo(label, value)");
    }
    let unknown = fixture.call("nothing", json!({"b": 1, "a": 2})).await;
    assert_eq!(unknown.body["message"], "Could not find the function public.nothing(a, b) in the schema cache");
    assert_eq!(unknown.body["hint"], Value::Null);
    let ambiguous = fixture.call("either", json!({"a": 1})).await;
    assert_eq!((ambiguous.status, ambiguous.code()), (300, "PGRST203"));
}

#[tokio::test]
async fn a_function_made_after_the_start_is_found() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.call("late", json!({})).await.status, 404);
    let sql = "create function public.late() returns integer language sql as 'select 7'";
    fixture.database.execute(sql).await.expect("a function");
    assert_eq!(fixture.call("late", json!({})).await.body, json!(7));
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let fixture = Fixture::start().await;
    let key = format!("apikey: {}", fixture.keys.secret);
    for body in ["{", "[]", "1", "{\"value\":1} x", "{\"value\": nul}"] {
        let reply = fixture.call_as(&key, "echo", body).await;
        assert_eq!((reply.status, reply.code()), (400, "PGRST102"), "{body}");
    }
    let csv = fixture.call_as(&format!("{key}\r\ncontent-type: text/csv"), "echo", "value\n1").await;
    assert_eq!((csv.status, csv.code()), (400, "PGRST102"));
}

#[tokio::test]
async fn keys_are_looked_at_as_supabase_does() {
    let fixture = Fixture::start().await;
    let Keys { anon, service_role, publishable, secret, .. } = &fixture.keys;
    let roles = [
        (format!("apikey: {secret}"), "service_role"),
        (format!("apikey: {publishable}"), "anon"),
        (format!("apikey: {service_role}\r\nauthorization: Bearer {service_role}"), "service_role"),
        (format!("apikey: {anon}\r\nauthorization: Bearer {service_role}"), "service_role"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {anon}"), "anon"),
        // A JWT in `apikey` opens the gateway, but is nothing to PostgREST.
        (format!("apikey: {service_role}"), "anon"),
        (format!("apikey: {service_role}\r\nauthorization: Basic eDp5"), "anon"),
    ];
    for (headers, role) in roles {
        let reply = fixture.call_as(&headers, "who", "{}").await;
        assert_eq!(reply.body["role"], role, "{headers}: {reply:?}");
        assert_eq!(reply.body["claims"]["role"], role);
    }
    let sign = |claims: Value| fixture.keys.sign(&claims).expect("a token");
    let other = Keys::derive(b"another seed").expect("keys");
    let refusals = [
        (String::new(), ""),
        ("apikey: wrong".to_owned(), ""),
        (format!("apikey: {}", other.service_role), ""),
        (format!("apikey: {secret}\r\nauthorization: Bearer {secret}"), "PGRST301"),
        (format!("apikey: {secret}\r\nauthorization: Bearer"), "PGRST301"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {}", other.service_role), "PGRST301"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {}", sign(json!({"role": "anon", "exp": 1}))), "PGRST303"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {}", sign(json!({"exp": "soon"}))), "PGRST303"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {}", sign(json!({"nbf": 9_999_999_999_u64}))), "PGRST303"),
        (format!("apikey: {secret}\r\nauthorization: Bearer {}", sign(json!({"role": "nobody"}))), "22023"),
    ];
    for (headers, code) in refusals {
        let reply = fixture.call_as(&headers, "who", "{}").await;
        assert_eq!((reply.status, reply.code()), (401, code), "{headers}: {reply:?}");
    }
    let token = sign(json!({"role": "postgres"}));
    let reply = fixture.call_as(&format!("apikey: {secret}\r\nauthorization: Bearer {token}"), "who", "{}").await;
    assert_eq!((reply.status, reply.code()), (403, "42501"), "the API may not become the owner");
}

#[tokio::test]
async fn a_transaction_knows_its_request_and_no_other() {
    let fixture = Fixture::start().await;
    let key = format!("apikey: {}", fixture.keys.secret);
    let reply = fixture.call_as(&format!("{key}\r\nX-Custom: a \"b\""), "who", "{}").await;
    assert_eq!(reply.body["custom"], "a \"b\"");
    assert_eq!(reply.body["session"], "authenticator");
    assert_eq!(reply.body["timeout"], "8s");
    let next = fixture.call_as(&format!("apikey: {}", fixture.keys.publishable), "who", "{}").await;
    assert_eq!((&next.body["custom"], &next.body["timeout"]), (&Value::Null, &json!("3s")));
}

#[tokio::test]
async fn a_missing_privilege_is_401_without_a_token_and_403_with_one() {
    let fixture = Fixture::start().await;
    let Keys { anon, publishable, .. } = &fixture.keys;
    let anonymous = fixture.call_as(&format!("apikey: {anon}"), "secret", "{}").await;
    assert_eq!((anonymous.status, anonymous.code()), (401, "42501"));
    let known = fixture.call_as(&format!("apikey: {publishable}"), "secret", "{}").await;
    assert_eq!((known.status, known.code()), (403, "42501"));
    assert_eq!(fixture.call("secret", json!({})).await.body, json!("secret"));
}

#[tokio::test]
async fn only_volatile_functions_may_write() {
    let fixture = Fixture::start().await;
    let reply = fixture.call("add_note_stable", json!({"id": 1})).await;
    // plpgsql itself refuses a write in a stable function; a read-only transaction is what a nested call meets.
    assert!(matches!(reply.code(), "25006" | "0A000"), "{reply:?}");
    let sql = "create function public.nested() returns void language plpgsql stable security definer \
               as $$ begin perform public.add_note(2, 'nested'); end $$";
    fixture.database.execute(sql).await.expect("a function");
    let nested = fixture.call("nested", json!({})).await;
    assert_eq!((nested.status, nested.code()), (405, "25006"));
    assert_eq!(fixture.notes().await, 0);
}

#[tokio::test]
async fn an_error_has_postgrests_status_and_body_and_leaves_nothing() {
    let fixture = Fixture::start().await;
    let expected = json!({"code": "PT402", "message": "refused", "details": "a detail", "hint": "a hint"});
    let refused = fixture.call("fail_with", json!({"code": "PT402"})).await;
    assert_eq!((refused.status, refused.body), (402, expected));
    for (code, status) in [("P0001", 400), ("40P01", 500), ("57014", 500), ("23505", 409)] {
        assert_eq!(fixture.call("fail_with", json!({"code": code})).await.status, status, "{code}");
    }
    assert_eq!(fixture.call("add_note", json!({"id": 1, "text": "x"})).await.status, 204);
    let twice = fixture.call("add_note", json!({"id": 1, "text": "x"})).await;
    assert_eq!((twice.status, twice.code()), (409, "23505"));
    assert_eq!(fixture.notes().await, 1);
}

#[tokio::test]
async fn whatever_is_no_call_is_refused() {
    let fixture = Fixture::start().await;
    let key = format!("apikey: {}", fixture.keys.secret);
    let refused = [
        ("GET", "/rest/v1/rpc/who", 400, "PGRST127"),
        ("DELETE", "/rest/v1/rpc/who", 405, "PGRST101"),
        ("POST", "/rest/v1/rpc/who?select=role", 400, "PGRST127"),
        ("GET", "/rest/v1/", 400, "PGRST127"),
        ("GET", "/rest/v1/reachable", 400, "PGRST127"),
        ("GET", "/rest/v1/notes", 404, "PGRST205"),
        ("GET", "/rest/v1/a/b", 404, "PGRST125"),
        ("GET", "/auth/v1/user", 404, ""),
    ];
    for (method, path, status, code) in refused {
        let reply = fixture.send(method, path, &key, "").await.expect("an answer");
        assert_eq!((reply.status, reply.code()), (status, code), "{method} {path}");
    }
    for header in ["prefer: count=exact", "accept: text/csv", "content-profile: private"] {
        let reply = fixture.call_as(&format!("{key}\r\n{header}"), "who", "{}").await;
        assert!(matches!(reply.status, 400 | 406), "{header}: {reply:?}");
    }
}

#[tokio::test]
async fn calls_are_recorded_when_asked() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    fixture.call("who", json!({})).await;
    assert!(control.calls().is_empty());
    control.record(true);
    fixture.call("who", json!({})).await;
    fixture.call("fail_with", json!({"code": "PT404"})).await;
    let seen: Vec<(String, Option<u16>)> =
        control.calls().into_iter().map(|call| (call.function, call.status)).collect();
    assert_eq!(seen, [("who".to_owned(), Some(200)), ("fail_with".to_owned(), Some(404))]);
    assert!(control.calls().iter().all(|call| call.started < call.finished));
    control.calls_clear();
    assert!(control.calls().is_empty());
}

#[tokio::test]
async fn faults_take_the_place_of_answers() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    let key = format!("apikey: {}", fixture.keys.secret);
    let note = |id: i64| json!({"id": id, "text": "x"}).to_string();
    let path = "/rest/v1/rpc/add_note";

    control.fail(Some("add_note"), Some(1), Fault::Refuse);
    assert!(fixture.send("POST", path, &key, &note(1)).await.is_none());
    assert_eq!(fixture.notes().await, 0);

    control.fail(Some("add_note"), Some(1), Fault::DropAnswer);
    assert!(fixture.send("POST", path, &key, &note(1)).await.is_none());
    assert_eq!(fixture.notes().await, 1);

    let html = Fault::Answer { status: 502, content_type: "text/html".to_owned(), body: "<html>".to_owned() };
    control.fail(None, None, html);
    let reply = fixture.call("add_note", json!({"id": 2, "text": "x"})).await;
    assert!(reply.status == 502 && reply.head.contains("text/html"), "{reply:?}");
    assert_eq!(fixture.call("who", json!({})).await.status, 502);
    control.clear();

    control.fail(Some("add_note"), Some(2), Fault::Raise("40P01".to_owned()));
    let reply = fixture.call("add_note", json!({"id": 2, "text": "x"})).await;
    assert_eq!((reply.status, reply.code()), (500, "40P01"));
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1), "the fault is for one function");
    assert_eq!(fixture.call("add_note", json!({"id": 2, "text": "x"})).await.status, 500);
    assert_eq!(fixture.call("add_note", json!({"id": 2, "text": "x"})).await.status, 204);
}

#[tokio::test]
async fn an_answer_can_be_late_although_its_call_is_committed() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    control.fail(Some("add_note"), Some(1), Fault::DelayAfter(Duration::from_secs(3600)));
    let late = fixture.call("add_note", json!({"id": 1, "text": "x"}));
    let committed = until(async || fixture.notes().await == 1);
    tokio::select! {
        _ = late => panic!("the answer came"),
        () = committed => {}
    }
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_its_transaction() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    control.record(true);
    let gate = control.gate(Some("add_note"));
    let call = fixture.call("add_note", json!({"id": 1, "text": "x"}));
    tokio::select! {
        _ = call => panic!("the call passed a closed gate"),
        () = gate.waiting(1) => {}
    }
    assert_eq!(fixture.notes().await, 0);
    gate.open();
    until(async || !control.calls().is_empty()).await;
    assert_eq!(control.calls()[0].status, Some(204));
    assert_eq!(fixture.notes().await, 1);
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1));
}

#[tokio::test]
async fn a_gate_holds_all_calls_until_it_opens() {
    let fixture = Fixture::start().await;
    let gate = fixture.postgrest.control().gate(Some("add_note"));
    let add = |id: i64| fixture.call("add_note", json!({"id": id, "text": "x"}));
    let calls = futures_util::future::join_all((0..20).map(add));
    let opened = async {
        gate.waiting(20).await;
        assert_eq!(fixture.notes().await, 0);
        gate.open();
    };
    let (replies, ()) = futures_util::future::join(calls, opened).await;
    assert!(replies.iter().all(|reply| reply.status == 204));
    assert_eq!(fixture.notes().await, 20);
}

#[tokio::test]
async fn a_database_that_is_gone_is_503() {
    let fixture = Fixture::start().await;
    fixture.call("who", json!({})).await;
    let Fixture { postgrest, keys, database } = fixture;
    let url = database.url().to_owned();
    database.stop().await;
    let source = crate::database::Source::Url(url);
    assert!(Database::start(source, None).await.is_err());
    let address = postgrest.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let request = format!(
        "POST /rest/v1/rpc/who HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\napikey: {}\r\ncontent-length: 2\r\n\r\n{{}}",
        keys.secret
    );
    stream.write_all(request.as_bytes()).await.expect("a request sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("PGRST000"), "{answer}");
    postgrest.stop().await;
    assert!(TcpStream::connect(&address).await.is_err());
}
