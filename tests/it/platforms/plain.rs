//! The function as a plain server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::Value;
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::serve::{Invocation, Payload, serve_plain};
use tests::function::Function;
use tests::plain::PlainServer;
use tests::{certain, http_client};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

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
    for (path, status, code) in [
        ("/auth/register", 413, "payload_too_large"),
        ("/v1/chat/completions", 503, "not_configured"),
        ("/ping", 405, "method_not_allowed"),
        ("/nowhere", 404, "not_found"),
    ] {
        let url = format!("{}{path}", server.base_url);
        let response = http_client().post(url).body(vec![b'x'; 5 * 1024 * 1024]).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{path}");
        let body: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
        assert_eq!(body["error"]["code"], code);
    }
}

#[tokio::test]
async fn what_the_process_runs_by_is_sound_or_it_does_not_start() {
    for (variable, value, allowed) in [
        ("PORT", "http", "from 0 to 65535"),
        ("CALL_MAX_SECONDS", "0", "from 1 to 86400"),
        ("PROVIDER_TIMEOUT_MS", "3s", "from 1 to 3600000"),
        ("FRONTEND_URL", "nope", "an http(s) URL"),
        ("RUST_LOG", "loud", "error, warn, info"),
    ] {
        let mut process = Function::start(function(), &[(variable, value)]);
        let line = process.line(|line| line.starts_with("cannot serve")).await.expect("a line on stderr");
        assert!(line.contains(&format!("{variable} is `{value}`: it must be")) && line.contains(allowed), "{line}");
        assert!(!process.ended().await.success());
    }
}

#[tokio::test]
async fn a_malformed_variable_of_some_endpoints_is_told_apart_from_a_missing_one() {
    let stores = [
        ("SUPABASE_URL", "https://x.supabase.co"),
        ("SUPABASE_SECRET_KEY", "sb_secret_1"),
        ("DATABASE_TIMEOUT_MS", "3s"),
    ];
    let server = PlainServer::start(function(), &stores).await;
    let lines = server.function.output();
    let of = |variable: &str| lines.iter().find(|line| line.contains(variable)).cloned().unwrap_or_default();
    let (malformed, missing) = (of("DATABASE_TIMEOUT_MS"), of("UPSTASH_REDIS_REST_URL"));
    assert!(malformed.contains("malformed: DATABASE_TIMEOUT_MS is `3s`: it must be"), "{malformed}");
    assert!(missing.contains("not configured: UPSTASH_REDIS_REST_URL"), "{missing}");
    let answer = http_client().get(format!("{}/ping", server.base_url)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

/// Serves `router` in this process; the sender stops it.
async fn serve(router: Router<SharedApp>) -> (String, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}", listener.local_addr().expect("its address"));
    let app = App::new(Config::from_lookup(|_| None), shared::routes::ROUTES).expect("an app");
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        // A sender that is gone is a stop as well.
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve_plain(listener, router, app, shutdown));
    (base_url, stop, server)
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_answered_and_not_cut_off() {
    let (base_url, _stop, _) = serve(Router::new().route("/", post(|payload: Payload| async move { payload.0 }))).await;
    let pieces = (0..80).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024]));
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    let response = http_client().post(base_url).body(body).send().await.expect("an answer");
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn the_client_is_the_socket_whatever_its_headers_say() {
    let show =
        |invocation: Invocation| async move { invocation.client_ip.map(|ip| ip.to_string()).unwrap_or_default() };
    let (base_url, _stop, _) = serve(Router::new().route("/", get(show))).await;
    let request = http_client().get(base_url).header("x-forwarded-for", "1.2.3.4");
    let request = request.header("x-vercel-forwarded-for", "1.2.3.4");
    assert_eq!(request.send().await.expect("an answer").text().await.expect("a body"), "127.0.0.1");
}

#[tokio::test]
async fn a_stop_waits_for_the_tasks_of_clients_that_have_left() {
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let settled = Arc::new(AtomicBool::new(false));
    let (begun, gate, done) = (started.clone(), release.clone(), settled.clone());
    let call = move |invocation: Invocation| async move {
        invocation.tasks.spawn(async move {
            begun.notify_one();
            gate.notified().await;
            done.store(true, Ordering::SeqCst);
        });
        std::future::pending::<()>().await;
    };
    let (base_url, stop, server) = serve(Router::new().route("/", get(call))).await;
    let client = tokio::spawn(http_client().get(base_url).send());
    certain("the call's task", started.notified()).await;
    client.abort();
    stop.send(()).expect("the server is up");
    assert!(!server.is_finished() && !settled.load(Ordering::SeqCst));
    release.notify_one();
    certain("the server's end", server).await.expect("no panic").expect("no failure");
    assert!(settled.load(Ordering::SeqCst));
}
