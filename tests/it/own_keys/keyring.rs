//! The keyring changes; what was stored under an older version goes on working and is renewed.

use serde_json::json;
use tests::answer::Answer;
use tests::watch::{Watch, poll};
use tests::world::{Account, World, hello};

use super::{OWN, with_own_key};

/// The ring of a gateway that has a newer version before the world's own.
fn newer(world: &World) -> String {
    format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"])
}

async fn version(world: &World, account: &Account) -> i64 {
    let sql = format!("select key_version from gateway.provider_keys where account_id = '{}'", account.id);
    world.value(&sql).await.as_i64().expect("a version")
}

async fn call(world: &World, gateway: &str, account: &Account) -> Answer {
    let request = world.http.post(format!("{gateway}/v1/chat/completions")).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(hello(&json!({})).to_string())).await
}

#[tokio::test]
async fn a_key_of_an_older_version_works_and_is_renewed_by_its_next_call() {
    let (world, account) = with_own_key().await;
    let ring = newer(&world);
    let renewed = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    assert_eq!(version(&world, &account).await, 1);
    assert_eq!(call(&world, &renewed, &account).await.status, 200);
    poll("the newer version", || async { version(&world, &account).await == 2 }).await;
    world.settled().await;
    // Once is enough.
    let watch = Watch::new(&world);
    assert_eq!(call(&world, &renewed, &account).await.status, 200);
    poll("the end of the call", || async { watch.functions().len() >= 2 }).await;
    world.settled().await;
    assert_eq!(watch.functions(), ["begin_request", "finish_request"]);
    // Who has only the new key reads it, who has only the old one does not any more.
    let newest = ring.split(',').next().expect("a key").to_owned();
    let without_old = world.another_gateway_with(&[("ENCRYPTION_KEYS", &newest)]).await;
    assert_eq!(call(&world, &without_old, &account).await.status, 200);
    call(&world, &world.base_url, &account).await.refused(503, "not_configured");
}

#[tokio::test]
async fn the_cron_job_renews_the_keys_that_nobody_uses() {
    let (world, account) = with_own_key().await;
    let ring = newer(&world);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let sweep = || {
        let request = world.http.get(format!("{gateway}/api/cron/sweep-holds"));
        Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"]))
    };
    assert_eq!(sweep().await.success()["renewed_provider_keys"], 1);
    assert_eq!(version(&world, &account).await, 2);
    assert_eq!(sweep().await.success()["renewed_provider_keys"], 0);
    assert_eq!(call(&world, &gateway, &account).await.status, 200);
}

#[tokio::test]
async fn keys_that_nobody_can_read_any_more_keep_no_other_from_being_renewed() {
    let (world, account) = with_own_key().await;
    // More than a run renews, all before this one, of a version that is lost.
    world
        .sql(&format!(
            "insert into gateway.accounts (id) select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid
               from generate_series(1, 120) as n;
             insert into gateway.provider_keys (account_id, provider, ciphertext, key_version, last_four, created_at)
               select id, 'chutes', 'lost', 0, 'lost', gateway.now() from gateway.accounts where id <> '{}'",
            account.id
        ))
        .await;
    let ring = newer(&world);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let request = world.http.get(format!("{gateway}/api/cron/sweep-holds"));
    let swept = Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"])).await.success();
    assert_eq!(swept["renewed_provider_keys"], 1);
    assert_eq!(version(&world, &account).await, 2);
}

#[tokio::test]
async fn a_key_that_was_replaced_meanwhile_is_not_renewed_away() {
    let (world, account) = with_own_key().await;
    let old = world.value("select ciphertext from gateway.provider_keys").await;
    let id = world.value("select id from gateway.provider_keys").await;
    let new = json!({"provider": "openrouter", "api_key": format!("{OWN}-new")});
    Answer::to(world.post("/user/provider-keys", &account.key, &new)).await.success();
    let renew = format!(
        "select public.renew_provider_key('{}', '{}', '{}', 'stale', 2)",
        account.id,
        id.as_str().expect("an id"),
        old.as_str().expect("a token")
    );
    assert_eq!(world.value(&renew).await, json!({"renewed": false}));
    assert_eq!(version(&world, &account).await, 1);
}
