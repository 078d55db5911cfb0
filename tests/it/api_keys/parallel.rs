//! Many at once, through two gateways.

use futures_util::future::join_all;
use local::postgrest::Gate;
use reqwest::Method;
use serde_json::{Value, json};
use shared::credits::turns::PLACES;
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World};

use super::{CREDIT, PATH, ask_at, balance, change, make, path, short, told};

const MANY: usize = 50;

/// Sends the same request many times at once, in turn to each of two gateways; the function of `gate` is held until
/// all are there.
async fn at_once(world: &World, gate: &str, path: &str, key: &str, body: &Value) -> Vec<Answer> {
    // Of one account's calls, few are at the database at a time; the others wait in their gateways.
    let there = if gate == "begin_request" { 2 * PLACES } else { MANY };
    let gateways = [world.base_url.clone(), world.another_gateway().await];
    let gate: Gate = world.platform.postgrest.control().gate(Some(gate));
    let all = join_all((0..MANY).map(|i| ask_at(world, &gateways[i % 2], Method::POST, path, key, body)));
    let release = async {
        certain("all at the database", gate.waiting(there)).await;
        gate.open();
    };
    tokio::join!(all, release).0
}

/// The key has one row and one current secret, and what it counts is what it counted.
async fn assert_one_key(world: &World, key: &Account, counted: &Value) {
    let sql = format!(
        "select jsonb_build_array(count(*), count(distinct key_hash), max(requests_used), max(spent),
             (select count(*) from gateway.holds h where h.key_id = '{0}' and state = 'open'))
           from gateway.api_keys where id = '{0}'",
        key.key_id
    );
    assert_eq!(world.value(&sql).await, *counted);
    let both = "select count(*) from gateway.former_secrets r join gateway.api_keys k using (key_hash)";
    assert_eq!(world.value(both).await, json!(0), "a secret that is both");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_rotations_at_once_leave_one_current_secret_and_every_other_one_in_its_place() {
    let Some(world) = World::concurrent("rotations at the same time").await else { return };
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({"max_requests": 100, "spend_limit": {"amount": 1}})).await;
    world.change_key(&key, "requests_used = 7, spent = 5").await;
    let rotate = path(&key, "/rotate");
    let answers = at_once(&world, "rotate_api_key", &rotate, &owner.key, &json!({"grace_period_hours": 24})).await;
    let secrets: Vec<String> =
        answers.iter().map(|answer| answer.success()["api_key"].as_str().expect("a key").to_owned()).collect();
    assert_one_key(&world, &key, &json!([1, 1, 7, 5, 0])).await;
    let mut good = 0;
    let (mut current, mut hashes) = (0, Vec::new());
    for secret in secrets.iter().chain([&key.key]) {
        let outcome = balance(&world, secret).await;
        assert!(outcome == told(200, "") || outcome == told(401, "api_key_expired"), "{outcome:?}");
        good += usize::from(outcome.0 == 200);
        let is_current = format!("select count(*) from gateway.api_keys where key_hash = '{}'", world.hash(secret));
        current += world.value(&is_current).await.as_u64().expect("a count");
        hashes.push(world.hash(secret));
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!((good, current, hashes.len()), (21, 1, MANY + 1), "the current one and twenty former ones");
    // The key itself goes on.
    let shown = super::show(&world, &owner, &key).await;
    assert_eq!(shown["former_secrets"].as_array().map(Vec::len), Some(20));
    let last_four = shown["last_four"].as_str().expect("text");
    let current = secrets.iter().filter(|secret| secret.ends_with(last_four));
    assert!(join_all(current.map(|secret| balance(&world, secret))).await.contains(&told(200, "")));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_rotates_itself_fifty_times_at_once_is_refused_when_its_own_secret_has_ended() {
    let Some(world) = World::concurrent("rotations at the same time").await else { return };
    for (hours, served) in [(24, 21), (0, 1)] {
        let owner = world.account(CREDIT).await;
        let body = json!({ "grace_period_hours": hours });
        let answers = at_once(&world, "rotate_api_key", &path(&owner, "/rotate"), &owner.key, &body).await;
        let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(good.len(), served, "with {hours} hours of grace");
        for answer in refused {
            answer.refused(401, "api_key_expired");
        }
        let mut works = 0;
        for answer in &good {
            let outcome = balance(&world, answer.success()["api_key"].as_str().expect("a key")).await;
            assert!(outcome == told(200, "") || outcome == told(401, "api_key_expired"), "{outcome:?}");
            works += usize::from(outcome.0 == 200);
        }
        assert_eq!(works, served);
        assert_one_key(&world, &owner, &json!([1, 1, 0, 0, 0])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_calls_at_once_one_has_the_last_allowed_request() {
    let Some(world) = World::concurrent("the last request of a key").await else { return };
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    world.change_key(&key, "requests_used = 41").await;
    change(&world, &owner, &key, &json!({"max_requests": 42})).await.success();
    let answers = at_once(&world, "begin_request", "/v1/chat/completions", &key.key, &short()).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(429, "request_limit_reached");
    }
    world.settled().await;
    assert_eq!(super::show(&world, &owner, &key).await["requests_used"], 42);
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(1));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_creations_at_ninety_nine_keys_one_is_served() {
    let Some(world) = World::concurrent("creations at the same time").await else { return };
    let owner = world.account(0).await;
    world
        .sql(&format!(
            "insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment)
               select '{}', 'hash ' || i, 'gw_live_', 'test', 'k', 'live' from generate_series(1, 98) as i",
            owner.id
        ))
        .await;
    let answers = at_once(&world, "create_api_key", PATH, &owner.key, &json!({"name": "the last"})).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "too_many_api_keys");
    }
    assert_eq!(world.value("select count(*) from gateway.api_keys").await, json!(100));
}
