//! The limits hold for every format.

use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::whole::each;

use super::{CREDIT, ask, serving};

#[tokio::test]
async fn requests_are_counted_and_the_one_too_many_is_refused_before_anybody_is_asked() {
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "normal").await;
        let account = world.account(CREDIT).await;
        world.limit(account.id, &json!({"requests_per_minute": 1, "burst": 1})).await;
        let served = ask(&world, whole, &account).await;
        whole.given(&served);
        assert_eq!(served.header("x-ratelimit-remaining-requests"), "0");
        let spent = world.money(account.id).await;
        let refused = ask(&world, whole, &account).await;
        refused.refused(429, "rate_limit_exceeded");
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(world.money(account.id).await, spent);
        assert_eq!(world.platform.providers.control().requests().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn one_call_too_many_at_a_time_is_refused_and_leaves_nothing() {
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "normal").await;
        let account = world.account(CREDIT).await;
        world.limit(account.id, &json!({"concurrency": 1})).await;
        let gate = world.platform.providers.control().gate();
        let body = whole.hello(&json!({}));
        let first = tokio::spawn(Answer::to(world.request(whole, &account.key, &body)));
        certain("the call at the provider", gate.wait_for(1)).await;
        Answer::to(world.request(whole, &account.key, &body)).await.refused(429, "concurrency_exceeded");
        gate.release();
        whole.given(&first.await.expect("no panic"));
        world.settled().await;
        assert_eq!(world.money(account.id).await.1, 0);
        whole.given(&ask(&world, whole, &account).await);
    })
    .await;
}
