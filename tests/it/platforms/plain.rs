//! The function as a plain server.

use serde_json::Value;
use tests::function::Function;
use tests::http_client;
use tests::plain::PlainServer;

use super::function;

#[tokio::test]
async fn it_serves_on_any_free_port_and_stops_when_told_to() {
    let mut server = PlainServer::start(function(), &[]).await;
    let url = format!("{}/ping", server.base_url);
    let response = http_client().get(url).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let id = response.headers()["x-request-id"].to_str().expect("text").to_owned();
    uuid::Uuid::parse_str(&id).expect("an id of our own");
    let log = server.function.line(|line| line.contains(&id)).await.expect("an access line");
    assert!(log.contains("\"path\":\"/ping\"") && log.contains("\"status\":200"), "{log}");
    server.function.terminate().await;
    assert!(server.function.ended().await.success());
}

#[tokio::test]
async fn without_configuration_the_log_names_what_is_missing_and_the_rest_works() {
    let server = PlainServer::start(function(), &[]).await;
    let http = http_client();
    let lines = server.function.output();
    for variable in ["SUPABASE_URL", "UPSTASH_REDIS_REST_URL"] {
        let named = lines.iter().filter(|line| line.contains(variable)).count();
        assert_eq!(named, 1, "{variable} in {lines:#?}");
    }
    let health = http.get(format!("{}/health", server.base_url)).send().await.expect("an answer");
    assert_eq!(health.status(), 503);
    let body: Value = serde_json::from_slice(&health.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["status"], "degraded");
    assert_eq!(body["database"], "not_configured");
    assert_eq!(body["providers"]["openrouter"], "not_configured");
    for path in ["/", "/ping", "/ping/stats"] {
        let response = http.get(format!("{}{path}", server.base_url)).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_and_not_cut_off() {
    let server = PlainServer::start(function(), &[]).await;
    let url = format!("{}/ping", server.base_url);
    let body = vec![b'x'; 5 * 1024 * 1024];
    let response = http_client().post(url).body(body).send().await.expect("an answer");
    assert_eq!(response.status(), 413);
    let body: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["error"]["code"], "payload_too_large");
}

#[tokio::test]
async fn a_malformed_port_is_one_clear_line() {
    let mut process = Function::start(function(), &[("PORT", "http")]);
    let line = process.line(|line| line.starts_with("cannot serve")).await.expect("a line on stderr");
    assert!(line.contains("PORT is not a port number"), "{line}");
    assert!(!process.ended().await.success());
}
