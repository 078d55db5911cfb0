//! Nothing is connected to that is not on the public internet, whatever stands in the database and however it is spelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use local::upstash::Engine;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use crate::samples::webhooks::webhook_at;

/// A listener on every address of this machine, and how many connections it has seen.
async fn listener() -> (u16, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    // Both families at once, where the machine has both.
    let any = match tokio::net::TcpListener::bind("[::]:0").await {
        Ok(any) => any,
        Err(_) => tokio::net::TcpListener::bind("0.0.0.0:0").await.expect("a port"),
    };
    let (port, counted) = (any.local_addr().expect("an address").port(), Arc::clone(&seen));
    tokio::spawn(async move {
        while any.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (port, seen)
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_connected_to() {
    let world = World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "nobody.example")]).await;
    let (port, seen) = listener().await;
    // The listener sees whoever comes.
    drop(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection"));
    let account = world.account(0).await;
    let mut hosts = Vec::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "0x7f.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "[2002:7f00:1::]",
        "①②⑦.0.0.1",
    ] {
        for scheme in ["https", "http"] {
            hosts.push(format!("{scheme}://{host}:{port}/"));
        }
    }
    for url in &hosts {
        let body = json!({"url": url, "events": ["usage.daily"]});
        let refused = Answer::to(world.post("/user/webhooks", &account.key, &body)).await;
        assert_eq!(refused.refused(400, "invalid_request")["param"], "url", "{url}");
        // What was written past the gateway, or before a rule was made, is not connected to either.
        let id = webhook_at(&world, &account, url).await;
        let test = format!("/user/webhooks/{id}/test");
        let told = Answer::to(world.post(&test, &account.key, &json!({}))).await.success();
        assert!(told["state"] == "failed" && told["status"].is_null(), "{url}: {told}");
        assert!(told["error"].as_str().is_some_and(|error| error.starts_with("Nothing was sent")), "{url}: {told}");
    }
    assert_eq!(seen.load(Ordering::Relaxed), 1, "connections besides our own");
}
