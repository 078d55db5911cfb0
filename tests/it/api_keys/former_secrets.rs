//! Former secrets in completions: whatever serves one, the key is the same and its new secret stays.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::api_key::hash;
use shared::config::Pepper;
use shared::credits::turns::PLACES;
use tests::answer::Answer;
use tests::certain;
use tests::watch::poll;
use tests::world::{Account, World};

use super::{CREDIT, ask_at, change, chat, make, revoke, rotate, short, show, told};

async fn current_hash(world: &World, key: &Account) -> Value {
    world.value(&format!("select key_hash from gateway.api_keys where id = '{}'", key.key_id)).await
}

#[tokio::test]
async fn a_former_secret_serves_completions_until_its_grace_is_over() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    for (hours, last, end) in [
        (1, "2090-03-15 12:59:59.999999Z", "2090-03-15 13:00Z"),
        (168, "2090-03-22 11:59:59.999999Z", "2090-03-22 12:00Z"),
    ] {
        world.set_clock("2090-03-15 12:00Z").await;
        let (key, _) = make(&world, &owner, json!({"max_requests": 4})).await;
        let new = rotate(&world, &owner, &key, hours).await;
        for at in ["2090-03-15 12:00Z", last] {
            world.set_clock(at).await;
            assert_eq!((chat(&world, &key.key).await, chat(&world, &new.key).await), (told(200, ""), told(200, "")));
            world.settled().await;
        }
        // All four were the key's own, and the next one is no more.
        assert_eq!(show(&world, &owner, &key).await["requests_used"], 4);
        for secret in [&key.key, &new.key] {
            assert_eq!(chat(&world, secret).await, told(429, "request_limit_reached"));
        }
        change(&world, &owner, &key, &json!({"max_requests": null})).await.success();
        world.set_clock(end).await;
        assert_eq!(chat(&world, &key.key).await, told(401, "api_key_expired"), "{hours}");
        assert_eq!(chat(&world, &new.key).await, told(200, ""));
        world.settled().await;
        assert_eq!(current_hash(&world, &key).await, json!(world.hash(&new.key)));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_former_secret_without_grace_or_of_a_revoked_key_serves_nothing() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    let second = rotate(&world, &owner, &key, 0).await;
    let third = rotate(&world, &owner, &second, 24).await;
    assert_eq!(chat(&world, &key.key).await, told(401, "api_key_expired"));
    for secret in [&second.key, &third.key] {
        assert_eq!(chat(&world, secret).await, told(200, ""));
    }
    world.settled().await;
    revoke(&world, &owner, &key).await.success();
    for secret in [&key.key, &second.key, &third.key] {
        assert_eq!(chat(&world, secret).await, told(401, "api_key_revoked"));
    }
}

#[tokio::test]
async fn no_former_secret_outlives_the_grace_of_a_later_rotation() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let (first, _) = make(&world, &owner, json!({})).await;
    let second = rotate(&world, &owner, &first, 168).await;
    let third = rotate(&world, &owner, &second, 1).await;
    let ends = show(&world, &owner, &first).await["former_secrets"].clone();
    assert_eq!(ends, json!([{"expires_at": "2090-03-15T13:00:00+00:00"}, {"expires_at": "2090-03-15T13:00:00+00:00"}]));
    // One has leaked, whichever it is.
    let fourth = rotate(&world, &owner, &third, 0).await;
    for leaked in [&first.key, &second.key, &third.key] {
        assert_eq!(chat(&world, leaked).await, told(401, "api_key_expired"));
    }
    assert_eq!(chat(&world, &fourth.key).await, told(200, ""));
    world.settled().await;
}

#[tokio::test]
async fn a_former_secret_shares_its_keys_windows() {
    let world = World::start().await;
    world.platform.upstash.stop_clock(Duration::from_secs(86_400 * 23_148)).expect("the in-process Redis");
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({"rate_limits": {"requests_per_minute": 3}})).await;
    let new = rotate(&world, &owner, &key, 24).await;
    for secret in [&key.key, &new.key, &key.key] {
        assert_eq!(chat(&world, secret).await, told(200, ""));
        world.settled().await;
    }
    for secret in [&new.key, &key.key] {
        assert_eq!(chat(&world, secret).await, told(429, "rate_limit_exceeded"));
    }
}

#[tokio::test]
async fn a_former_secret_of_an_old_pepper_is_not_taken_for_the_new_one() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    let new = rotate(&world, &owner, &key, 24).await;
    let next = "the-next-pepper-of-this-deployment-0001";
    let ring = format!("1:{},2:{next}", world.platform.variables()["API_KEY_PEPPER"]);
    let both = world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await;
    let call = async |secret: &str| {
        let answer = ask_at(&world, &both, Method::POST, "/v1/chat/completions", secret, &short()).await;
        world.settled().await;
        answer.outcome()
    };
    for _ in 0..2 {
        assert_eq!(call(&key.key).await, told(200, ""));
        assert_eq!(current_hash(&world, &key).await, json!(world.hash(&new.key)));
    }
    assert_eq!(call(&new.key).await, told(200, ""));
    let anew = hash(&new.key, &Pepper { version: 2, secret: next.to_owned() });
    assert_eq!(current_hash(&world, &key).await, json!(anew));
    for secret in [&key.key, &new.key] {
        assert_eq!(call(secret).await, told(200, ""));
    }
    assert_eq!(current_hash(&world, &key).await, json!(anew));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_while_its_key_is_rotated_goes_by_what_it_finds_then() {
    let Some(world) = World::concurrent("a rotation before a waiting call").await else { return };
    for (hours, wanted) in [(24, told(200, "")), (0, told(401, "api_key_expired"))] {
        let owner = world.account(CREDIT).await;
        let (key, _) = make(&world, &owner, json!({})).await;
        let new = format!("gw_live_{}", local::secrets::Secrets::random().of("the new key"));
        // The call has found its key and waits for the account, which the rotation has.
        let mut lease = world.platform.database.pool().acquire().await.expect("a connection");
        lease.connection.act_as_owner().await.expect("the owner");
        let client = &lease.connection.client;
        let lock = format!("begin; select from gateway.accounts where id = '{}' for update", owner.id);
        client.batch_execute(&lock).await.expect("the lock");
        let call = async { chat(&world, &key.key).await };
        let rotate = async {
            let waits =
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            poll("the call at the lock", || async { world.value(waits).await == json!(1) }).await;
            let caller = json!({"key_hashes": [world.hash(&owner.key)]});
            let candidates = json!({"live": {"hash": world.hash(&new), "prefix": "gw_live_", "last_four": "test"}});
            let rotate =
                format!("select public.rotate_api_key('{caller}', '{}', {hours}, '{candidates}'); commit", key.key_id);
            client.batch_execute(&rotate).await.expect("the rotation");
        };
        let (outcome, ()) = tokio::join!(call, rotate);
        lease.release();
        assert_eq!(outcome, wanted, "with {hours} hours of grace");
        world.settled().await;
        assert_eq!(current_hash(&world, &key).await, json!(world.hash(&new)));
        assert_eq!(chat(&world, &new).await, told(200, ""));
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_among_rotations_are_served_or_refused_and_the_last_secret_stays() {
    let Some(world) = World::concurrent("calls among rotations").await else { return };
    for hours in [24, 0] {
        let owner = world.account(CREDIT).await;
        let (key, _) = make(&world, &owner, json!({})).await;
        let control = world.platform.postgrest.control();
        let gates = ["begin_request", "rotate_api_key"].map(|name| control.gate(Some(name)));
        let calls = join_all((0..25).map(|_| Answer::to(world.chat(&key.key, &short()))));
        let rotations = join_all((0..5).map(|_| rotate(&world, &owner, &key, hours)));
        let release = async {
            certain("the calls", gates[0].waiting(PLACES)).await;
            certain("the rotations", gates[1].waiting(5)).await;
            drop(gates);
        };
        let (calls, rotated, ()) = tokio::join!(calls, rotations, release);
        world.settled().await;
        for call in &calls {
            let outcome = call.outcome();
            let ended = hours == 0 && outcome == told(401, "api_key_expired");
            assert!(outcome == told(200, "") || ended, "{outcome:?} with {hours} hours of grace");
        }
        let served = calls.iter().filter(|call| call.status == 200).count();
        assert_eq!(show(&world, &owner, &key).await["requests_used"], served);
        // No call has put its own secret back in the place of a newer one.
        let current = current_hash(&world, &key).await;
        let last: Vec<&Account> = rotated.iter().filter(|key| current == world.hash(&key.key)).collect();
        assert_eq!(last.len(), 1);
        assert_eq!(chat(&world, &last[0].key).await, told(200, ""));
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}
