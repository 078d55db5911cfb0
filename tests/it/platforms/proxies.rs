//! A process whose environment names proxies.

use axum::Router;
use http::{StatusCode, Uri};
use serde_json::json;
use tests::function::Variables;
use tests::plain::PlainServer;
use tests::world::{Account, World, hello, send};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{function, with};

/// A proxy for http that reaches nobody; its address, and what it was asked for.
async fn proxy() -> (String, UnboundedReceiver<Uri>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (says, asked) = unbounded_channel();
    let refuse = move |uri: Uri| async move {
        says.send(uri).expect("the test goes on");
        StatusCode::BAD_GATEWAY
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(refuse)).await });
    (address, asked)
}

/// What a call ends with in a process with these variables.
async fn status(world: &World, account: &Account, variables: Variables<'_>) -> u16 {
    let server = PlainServer::start(function(), &with(world, variables)).await;
    let request = world.http.post(format!("{}/v1/chat/completions", server.base_url));
    send(request.bearer_auth(&account.key).body(hello(&json!({})).to_string())).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_listens_on_this_machine_is_reached_without_and_the_rest_by_the_proxy() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let (address, mut asked) = proxy().await;
    let patience = [("DATABASE_TIMEOUT_MS", "30000"), ("REDIS_TIMEOUT_MS", "30000")];
    let elsewhere = ("OPENROUTER_BASE_URL", "http://provider.example/v1");
    for names in [["HTTP_PROXY", "HTTPS_PROXY"], ["http_proxy", "https_proxy"], ["ALL_PROXY", "HTTPS_PROXY"]] {
        let proxies = [(names[0], address.as_str()), (names[1], "127.0.0.1:9"), patience[0], patience[1]];
        let here = status(&world, &account, &proxies).await;
        assert_eq!((here, asked.try_recv().ok()), (200, None), "{names:?}");
        let there = status(&world, &account, &[&proxies[..], &[elsewhere]].concat()).await;
        assert!(there >= 500, "{names:?}: {there}");
        // The stores were reached without, or no provider would have been asked.
        let asked_for: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).map(|uri| uri.to_string()).collect();
        let is_provider = |uri: &String| uri == "http://provider.example/v1/chat/completions";
        assert!(!asked_for.is_empty() && asked_for.iter().all(is_provider), "{names:?}: {asked_for:?}");
    }
}
