//! The function as Vercel runs it.

use serde_json::Value;
use tests::vercel::VercelHost;

use super::function;

#[tokio::test]
async fn a_request_is_answered_and_its_invocation_ends() {
    let host = VercelHost::start(function(), &[]).await;
    for count in 1..=2 {
        let (request, invocation) = host.request("GET", "/ping");
        let response = request.header("x-request-id", "from-the-caller").send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-request-id"], "from-the-caller");
        assert!(response.headers().contains_key("content-length"), "a known length is said");
        let body: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
        assert_eq!((&body["message"], &body["count"]), (&"pong".into(), &count.into()));
        host.ended(&invocation).await;
    }
}

#[tokio::test]
async fn a_function_answers_at_its_public_path_and_behind_a_rewrite() {
    let host = VercelHost::start(function(), &[]).await;
    for path in ["/", "/api", "/api/root", "/?from=rewrite", "/api/ping", "/api/ping/stats", "/api/health"] {
        let (request, invocation) = host.request("GET", path);
        let response = request.send().await.expect("an answer");
        let status = if path == "/api/health" { 503 } else { 200 };
        assert_eq!(response.status(), status, "{path}");
        host.ended(&invocation).await;
    }
}

#[tokio::test]
async fn the_consoles_page_names_privy_where_the_deployment_has_it() {
    for (variables, named) in [(&[][..], false), (&[("PRIVY_APP_ID", "app")][..], true)] {
        let host = VercelHost::start(function(), variables).await;
        for path in ["/console", "/console/", "/api/console"] {
            let (request, invocation) = host.request("GET", path);
            let response = request.send().await.expect("an answer");
            let policy = response.headers()["content-security-policy"].to_str().expect("text").to_owned();
            assert_eq!(policy.contains("connect-src 'self' https://auth.privy.io;"), named, "{path}: {policy}");
            host.ended(&invocation).await;
        }
    }
}

#[tokio::test]
async fn errors_and_preflights_end_their_invocations_too() {
    let host = VercelHost::start(function(), &[]).await;
    for (method, path, status) in [("GET", "/nowhere", 404), ("DELETE", "/ping", 405), ("OPTIONS", "/ping", 200)] {
        let (request, invocation) = host.request(method, path);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        host.ended(&invocation).await;
    }
}

#[tokio::test]
async fn the_function_stops_when_it_is_told_to() {
    let mut host = VercelHost::start(function(), &[]).await;
    // The runtime says that it has started before it watches for the signal; by the end of a call it does.
    let (request, invocation) = host.request("GET", "/ping");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    host.ended(&invocation).await;
    host.function.terminate().await;
    assert!(host.function.ended().await.success());
}
