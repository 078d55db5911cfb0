//! A limit that is changed while instances have the old one cached.

use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::watch::poll;
use tests::world::{hello, send};

use super::{call_at, chat, counted, limited, subjects, world};

#[tokio::test]
async fn a_lowered_limit_holds_on_the_very_next_call_of_every_instance() {
    let world = world().await;
    let body = hello(&json!({}));
    let other = world.another_gateway().await;
    for limit in ["requests_per_minute", "burst", "requests_per_hour", "requests_per_day"] {
        let account = limited(&world, json!({ limit: 100 })).await;
        for gateway in [&world.base_url, &other, &world.base_url] {
            assert_eq!(call_at(chat(), &world, gateway, &account.key, &body).await.status, 200);
        }
        world.limit(account.id, &json!({ limit: 3 })).await;
        for gateway in [&other, &world.base_url] {
            let refused = call_at(chat(), &world, gateway, &account.key, &body).await;
            refused.limited("rate_limit_exceeded", limit);
        }
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_lowered_number_of_calls_at_a_time_holds_on_the_very_next_call() {
    let world = world().await;
    let account = limited(&world, json!({ "concurrency": 10 })).await;
    let gate = world.platform.providers.control().gate();
    let running: Vec<_> = (0..2).map(|_| tokio::spawn(send(world.chat(&account.key, &hello(&json!({})))))).collect();
    certain("two calls at the provider", gate.wait_for(2)).await;
    world.limit(account.id, &json!({ "concurrency": 2 })).await;
    let refused = call_at(chat(), &world, &world.base_url, &account.key, &hello(&json!({}))).await;
    refused.limited("concurrency_exceeded", "concurrency");
    // The evaluation under the old limit had admitted it; nothing is left of that.
    assert_eq!(world.leases().await, 2);
    for subject in subjects(&account) {
        assert_eq!(counted(&world, &subject, "rm").await, 2, "{subject}");
    }
    gate.release();
    for call in running {
        assert_eq!(call.await.expect("no panic").status(), 200);
    }
    world.settled().await;
}

#[tokio::test]
async fn a_raised_limit_is_noticed_by_every_instance() {
    let world = world().await;
    let body = hello(&json!({}));
    let other = world.another_gateway().await;
    let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
    assert_eq!(call_at(chat(), &world, &world.base_url, &account.key, &body).await.status, 200);
    for gateway in [&world.base_url, &other] {
        assert_eq!(call_at(chat(), &world, gateway, &account.key, &body).await.status, 429);
    }
    world.limit(account.id, &json!({ "requests_per_minute": 100 })).await;
    for gateway in [&world.base_url, &other] {
        // It may remember its refusal for a moment.
        poll("a served call", || async { call_at(chat(), &world, gateway, &account.key, &body).await.status == 200 })
            .await;
    }
    world.settled().await;
}

#[tokio::test]
async fn a_key_that_was_revoked_elsewhere_hears_of_it_though_its_window_is_closed() {
    let world = world().await;
    let body = hello(&json!({}));
    let other = world.another_gateway().await;
    let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
    let call = || call_at(chat(), &world, &world.base_url, &account.key, &body);
    assert_eq!(call().await.status, 200);
    assert_eq!(call().await.status, 429);
    let revoke = world.http.delete(format!("{other}/user/api-keys/{}", account.key_id));
    Answer::to(revoke.bearer_auth(&account.key)).await.success();
    poll("the reason that counts", || async { call().await.status == 401 }).await;
}

#[tokio::test]
async fn what_is_changed_through_an_instance_ends_the_refusals_that_it_remembers() {
    let world = world().await;
    let body = hello(&json!({}));
    let admin = world.administrator().await;
    for _ in 0..2 {
        let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
        let call = || call_at(chat(), &world, &world.base_url, &account.key, &body);
        assert_eq!(call().await.status, 200);
        assert_eq!(call().await.status, 429);
        assert_eq!(call().await.status, 429, "this one is remembered");
        let raise = json!({"account_id": account.id, "limits": {"requests_per_minute": 2}});
        Answer::to(world.post("/admin/limit", &admin.key, &raise)).await.success();
        assert_eq!(call().await.status, 200);
        assert_eq!(call().await.status, 429);
        let revoke = world.http.delete(format!("{}/user/api-keys/{}", world.base_url, account.key_id));
        Answer::to(revoke.bearer_auth(&account.key)).await.success();
        assert_eq!(call().await.status, 401);
    }
}
