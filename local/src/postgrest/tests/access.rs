//! Who may call, and what is refused before any function runs.
use super::*;

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
    // Each role has the time that it is given in the database.
    let publishable = format!("apikey: {}", fixture.keys.publishable);
    let next = fixture.call_as(&publishable, "who", "{}").await;
    assert_eq!((&next.body["custom"], &next.body["timeout"]), (&Value::Null, &json!("3s")));
    let token = fixture.keys.sign(&json!({"role": "authenticated"})).expect("a token");
    let signed_in = fixture.call_as(&format!("{publishable}\r\nauthorization: Bearer {token}"), "who", "{}").await;
    assert_eq!(signed_in.body["timeout"], "8s");
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
