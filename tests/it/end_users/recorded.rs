//! Whom a call is for, its tags and its metadata are on record in every format, and gone when they are to be.

use serde_json::json;
use shared::formats::Format;
use tests::answer::Answer;
use tests::whole::WHOLES;
use tests::wire::formats;
use tests::world::{Route, World, hello};

use super::{forget, seen};

#[tokio::test]
async fn every_format_says_whom_a_call_is_for_and_under_what_it_is_sorted() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for wire in formats() {
        let said = match wire.format {
            Format::Messages => json!({"metadata": {"user_id": "ann"}}),
            _ => json!({"user": "ann", "metadata": {"team": "blue", "tags": "a,b"}}),
        };
        let request = world.call(wire, &account.key, &wire.hello(&said)).header("x-gateway-tag", "b, c");
        Answer::to(request).await.success();
        world.settled().await;
        let call = world.newest_call().await;
        assert_eq!(call["end_user"], "ann", "{}", wire.name);
        let expected = match wire.format {
            Format::Messages => (json!(["b", "c"]), json!(null)),
            // They are sealed with the response, and deleted with it.
            Format::Responses => (json!(["a", "b", "c"]), json!(null)),
            _ => (json!(["a", "b", "c"]), json!({"team": "blue"})),
        };
        assert_eq!((&call["tags"], &call["metadata"]), (&expected.0, &expected.1), "{}", wire.name);
    }
    for whole in WHOLES.iter().filter(|whole| !whole.is_chat()) {
        world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
        let body = whole.hello(&json!({"user": "ann"}));
        let answer = Answer::to(world.request(whole, &account.key, &body).header("x-gateway-tag", "c")).await;
        assert_eq!(answer.status, 200, "{}: {}", whole.name, answer.text);
        world.settled().await;
        let call = world.newest_call().await;
        assert_eq!((&call["end_user"], &call["tags"]), (&json!("ann"), &json!(["c"])), "{}", whole.name);
    }
    let calls = formats().count() + WHOLES.iter().filter(|whole| !whole.is_chat()).count();
    let listed = Answer::to(world.get("/user/activity/log?user=ann&limit=100", &account.key)).await.success();
    let listed = listed["data"].as_array().expect("a list");
    assert_eq!(listed.len(), calls);
    assert!(listed.iter().all(|call| call["user"] == "ann" && !call["tags"].as_array().expect("tags").is_empty()));
    let strange = Answer::to(world.get("/user/activity/log?user=bob", &account.key)).await.success();
    assert_eq!(strange["data"], json!([]));
    // Whoever says nothing has nothing on record, and no row is made for a name.
    world.completion(&account.key, &hello(&json!({"user": null, "metadata": null}))).await;
    world.settled().await;
    let call = world.newest_call().await;
    assert_eq!((&call["end_user"], &call["tags"], &call["metadata"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!(world.value("select count(*) from gateway.end_users").await, 0);
}

#[tokio::test]
async fn who_is_forgotten_stands_nowhere_and_what_it_cost_does() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for user in ["ann-of-somebody", "bob-of-somebody"] {
        super::set(&world, &account, Some(user), json!({"amount": 1, "period": "total"})).await.success();
        let said = json!({"user": user, "metadata": {"mail": format!("{user}@test.example")}});
        world.completion(&account.key, &hello(&said)).await;
    }
    world.settled().await;
    let costs = "select sum(cost) from gateway.requests";
    let before = world.value(costs).await;
    assert!(world.is_stored("ann-of-somebody").await);
    let gone = forget(&world, &account, "ann-of-somebody").await.success();
    assert_eq!(gone, json!({"object": "end_user", "user": "ann-of-somebody", "deleted": true, "is_erased": true}));
    assert!(!world.is_stored("ann-of-somebody").await);
    assert!(world.is_stored("bob-of-somebody").await && !seen(&world, &account, "bob-of-somebody").await.is_null());
    assert_eq!(world.value(costs).await, before);
    world.assert_ledger_clean().await;

    // With its account an end user goes, too, however many its requests are.
    let sql = format!(
        "insert into gateway.requests
           (call_id, account_id, key_id, model, outcome, held, cost, end_user, tags, created_at, finished_at)
         select gen_random_uuid(), '{}', '{}', 'm', 'completed', 0, 0, 'bob-of-somebody', '[\"t\"]', gateway.now(), gateway.now()
         from generate_series(1, 6000)",
        account.id, account.key_id
    );
    world.sql(&sql).await;
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    Answer::to(request).await.success();
    world.value("select public.apply_retention()").await;
    assert!(!world.is_stored("bob-of-somebody").await);
    assert_eq!(world.value("select count(*) from gateway.end_user_erasures").await, 0);
    assert_eq!(world.value("select count(*) from gateway.requests where tags is not null").await, 0);
    world.assert_ledger_clean().await;
}
