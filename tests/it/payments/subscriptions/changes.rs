//! Upgrades, downgrades, ends, and two subscriptions at once.

use serde_json::{Value, json};
use tests::world::World;

use super::super::shop::deliver;
use super::shop::{ask, at, bought, buy, cents, newcomer, pay, plan, show, travel};

#[tokio::test]
async fn an_upgrade_is_paid_in_full_now_and_what_was_paid_before_keeps_its_credit_to_its_own_end() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    buy(&world, &account, "dev", "month").await;
    at(&world, "2027-02-10T10:01:00Z").await;
    travel(&world, "2027-02-20T10:00:00Z").await;
    // Whoever clicks twice pays once.
    for _ in 0..2 {
        let changed = ask(&world, &account, "/subscription/change", &json!({"plan": "team"})).await.success();
        assert_eq!((&changed["plan"], &changed["status"]), (&json!("team"), &json!("active")));
    }
    assert_eq!(plan(&world, &account).await.0, "team");
    at(&world, "2027-02-20T10:01:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900 + 9_900);
    assert_eq!(world.platform.stripe.all("invoice").len(), 2);
    at(&world, "2027-03-10T16:05:00Z").await;
    assert_eq!(cents(&world, &account).await, 9_900);
    at(&world, "2027-03-20T11:05:00Z").await;
    assert_eq!(cents(&world, &account).await, 9_900);
    assert_eq!(world.platform.stripe.all("invoice").len(), 3);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_upgrade_whose_card_is_declined_changes_nothing_and_another_card_pays_it() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let subscription = bought(&world, &account, "dev", "month").await;
    let stripe = &world.platform.stripe;
    let change = json!({"plan": "dev", "interval": "year"});
    stripe.act("card", &subscription, &[("card", "declined")]).expect("another card");
    ask(&world, &account, "/subscription/change", &change).await.refused(402, "card_declined");
    deliver(&world).await;
    let shown = show(&world, &account, "/user/plan").await;
    assert_eq!((&shown["subscription"]["interval"], cents(&world, &account).await), (&json!("month"), 2_900));
    stripe.act("card", &subscription, &[("card", "good")]).expect("another card");
    let changed = ask(&world, &account, "/subscription/change", &change).await.success();
    assert_eq!(changed["interval"], "year");
    deliver(&world).await;
    assert_eq!(cents(&world, &account).await, 2 * 2_900);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_smaller_plan_begins_with_the_next_period() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "team", "month").await;
    at(&world, "2027-02-10T10:01:00Z").await;
    ask(&world, &account, "/subscription/change", &json!({"plan": "dev"}))
        .await
        .refused(409, "downgrade_at_period_end");
    // At the customers' page it is chosen.
    world.platform.stripe.act("change", &subscription, &[("price", "dev_month")]).expect("a choice");
    at(&world, "2027-03-10T09:50:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("team", 9_900));
    at(&world, "2027-03-10T11:05:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("dev", 2_900));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_to_end_goes_on_if_its_owner_says_so_in_time() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    buy(&world, &account, "dev", "month").await;
    at(&world, "2027-02-10T10:01:00Z").await;
    for _ in 0..2 {
        let set = ask(&world, &account, "/subscription/cancel", &json!({})).await.success();
        assert_eq!(set["cancel_at"], set["period_end"]);
    }
    at(&world, "2027-03-09T10:00:00Z").await;
    for _ in 0..2 {
        let set = ask(&world, &account, "/subscription/resume", &json!({})).await.success();
        assert_eq!((&set["cancel_at"], &set["status"]), (&Value::Null, &json!("active")));
    }
    at(&world, "2027-03-10T11:05:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("dev", 2_900));
    ask(&world, &account, "/subscription/cancel", &json!({})).await.success();
    at(&world, "2027-04-10T10:05:00Z").await;
    assert_eq!(plan(&world, &account).await.0, "free");
    ask(&world, &account, "/subscription/cancel", &json!({})).await.refused(404, "subscription_not_found");
    let ended = show(&world, &account, "/user/plan").await["subscription"]["id"].clone();
    ask(&world, &account, "/subscription/resume", &json!({"subscription_id": ended}))
        .await
        .refused(409, "subscription_ended");
    // Another one can begin.
    bought(&world, &account, "team", "month").await;
    at(&world, "2027-04-10T10:07:00Z").await;
    assert_eq!(plan(&world, &account).await.0, "team");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn two_subscriptions_by_a_race_are_both_credited_and_the_older_ends_with_its_period() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    let mut pages = Vec::new();
    for plan in ["team", "dev"] {
        let page = ask(&world, &account, "/subscription/checkout", &json!({ "plan": plan })).await.success();
        pages.push(page["id"].as_str().expect("an id").to_owned());
    }
    let older = pay(&world, &pages[0]);
    world.platform.stripe.advance(60);
    let newer = pay(&world, &pages[1]);
    at(&world, "2027-02-10T10:05:00Z").await;
    // What the gateway has asked for is told of, too.
    deliver(&world).await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("team", 2_900 + 9_900));
    let ends = |id: &str| world.platform.stripe.object(id).expect("a subscription")["cancel_at_period_end"].clone();
    assert_eq!((ends(&older), ends(&newer)), (json!(true), json!(false)));
    // The dearer plan is over; the other takes over, though nobody has told of it.
    travel(&world, "2027-03-10T10:20:00Z").await;
    assert_eq!(plan(&world, &account).await.0, "dev");
    at(&world, "2027-03-10T11:10:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await >= 2_900), ("dev", true));
    at(&world, "2027-03-10T17:00:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_account_that_is_deleted_leaves_no_subscription_running() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let subscription = bought(&world, &account, "dev", "month").await;
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    tests::answer::Answer::to(request).await.success();
    let cron = world.get("/api/cron/reconcile-payments", world.platform.cron_secret());
    tests::answer::Answer::to(cron).await.success();
    assert_eq!(world.platform.stripe.object(&subscription).expect("a subscription")["status"], "canceled");
    deliver(&world).await;
    let ended = world.value("select ended_at is not null from gateway.subscriptions").await;
    assert_eq!(ended, json!(true));
    world.assert_ledger_clean().await;
}
