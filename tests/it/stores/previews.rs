//! A branch's preview keeps to itself: its counters in Redis, its database, and it says which deployment it is.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::vercel::VercelHost;
use tests::world::{World, hello, read, send};

use crate::platforms::function;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

async fn health(world: &World, base_url: &str) -> (u16, Value) {
    let answer = Answer::to(world.http.get(format!("{base_url}/health"))).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_preview_that_was_given_productions_database_says_so_and_one_with_its_own_does_not() {
    let world = World::start().await;
    let of_branch =
        [("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", "feature/x"), ("VERCEL_GIT_COMMIT_SHA", COMMIT)];
    let preview = world.another_gateway_with(&of_branch).await;
    // Nobody has told the database that it is production's.
    assert_eq!(health(&world, &preview).await.0, 200);
    let production = world.another_gateway_with(&[("VERCEL_ENV", "production")]).await;
    let (status, told) = health(&world, &production).await;
    assert_eq!(
        (status, &told["deployment"]),
        (200, &json!({"environment": "production", "commit": null, "branch": null}))
    );
    for _ in 0..2 {
        let (status, told) = health(&world, &preview).await;
        assert_eq!((status, &told["status"], &told["database"]), (503, &json!("degraded"), &json!("mismatch")));
        let which = json!({"environment": "preview", "commit": "0123456789ab", "branch": "feature/x"});
        assert_eq!(told["deployment"], which);
        assert_eq!(health(&world, &production).await.0, 200);
    }
    // A copy of production's data at another address, as a branch of the database may be.
    let elsewhere = world.platform.variables()["SUPABASE_URL"].replace("127.0.0.1", "localhost");
    assert_ne!(elsewhere, world.platform.variables()["SUPABASE_URL"]);
    let own = world.another_gateway_with(&[&of_branch[..], &[("SUPABASE_URL", &elsewhere)]].concat()).await;
    assert_eq!(health(&world, &own).await.0, 200);
    // A developer's machine is none of these.
    assert_eq!(health(&world, &world.base_url).await.1["deployment"]["environment"], "development");

    let mut variables: Vec<_> =
        world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.retain(|(name, _)| *name != "VERCEL_ENV");
    variables.extend(of_branch);
    let host = VercelHost::start(function(), &variables).await;
    let line = host.function.line(|line| line.contains("production's database")).await.expect("a line at the start");
    assert!(line.contains("\"ERROR\"") && line.contains("SUPABASE_URL"), "{line}");
}

#[tokio::test]
async fn a_preview_keeps_its_own_keys_in_a_redis_that_it_shares() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let of_branch = [("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", "feature/x")];
    let preview = world.another_gateway_with(&of_branch).await;
    let request = world.http.post(format!("{preview}/v1/chat/completions")).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(hello(&json!({})).to_string());
    assert_eq!(read(send(request).await).await.0, 200);
    let contents = world.platform.upstash.contents().expect("Redis in process");
    assert!(!contents.is_empty());
    assert!(contents.iter().all(|entry| entry.starts_with("preview:feature/x:")), "{contents:?}");
}
