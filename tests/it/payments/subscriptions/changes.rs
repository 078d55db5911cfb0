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
    // At the customers' page it is chosen, and shown at once.
    world.platform.stripe.act("change", &subscription, &[("price", "dev_month")]).expect("a choice");
    at(&world, "2027-03-10T09:50:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("team", 9_900));
    assert_eq!(coming(&show(&world, &account, "/user/plan").await["subscription"]), [&json!("dev"), &json!("month")]);
    at(&world, "2027-03-10T11:05:00Z").await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("dev", 2_900));
    world.assert_ledger_clean().await;
}

/// What a subscription becomes with its period.
fn coming(subscription: &Value) -> [&Value; 2] {
    [&subscription["next_plan"], &subscription["next_interval"]]
}

#[tokio::test]
async fn a_smaller_plan_is_asked_for_taken_back_and_asked_for_again_and_the_last_word_holds() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "team", "month").await;
    at(&world, "2027-02-10T10:01:00Z").await;
    let stripe = &world.platform.stripe;
    let dev = json!({"plan": "dev"});
    let to = async |path: &str, body: &Value| ask(&world, &account, path, body).await.success();
    let managed = || !stripe.object(&subscription).expect("a subscription")["schedule"].is_null();
    // Whoever clicks twice asks once.
    for _ in 0..2 {
        let set = to("/subscription/change", &dev).await;
        assert_eq!((coming(&set), &set["plan"]), ([&json!("dev"), &json!("month")], &json!("team")));
    }
    assert_eq!(stripe.all("subscription_schedule").len(), 1);
    // Naming what it is, a resumption and a cancellation each take it back; so does a change an end.
    assert_eq!(coming(&to("/subscription/change", &json!({"plan": "team"})).await), [&Value::Null; 2]);
    assert!(!managed());
    assert_eq!(to("/subscription/change", &dev).await["next_plan"], "dev");
    assert_eq!(to("/subscription/resume", &json!({})).await["next_plan"], Value::Null);
    assert_eq!(to("/subscription/change", &dev).await["next_plan"], "dev");
    let ends = to("/subscription/cancel", &json!({})).await;
    assert_eq!((&ends["cancel_at"], &ends["next_plan"]), (&ends["period_end"], &Value::Null));
    assert!(!managed());
    let set = to("/subscription/change", &json!({"plan": "dev", "interval": "year"})).await;
    assert_eq!((coming(&set), &set["cancel_at"]), ([&json!("dev"), &json!("year")], &Value::Null));
    // Another smaller one takes the place of the first, on the same schedule.
    assert_eq!(coming(&to("/subscription/change", &dev).await), [&json!("dev"), &json!("month")]);
    deliver(&world).await;
    assert_eq!(coming(&show(&world, &account, "/user/plan").await["subscription"]), [&json!("dev"), &json!("month")]);
    assert_eq!(stripe.all("invoice").len(), 1, "nothing was paid for any of it");
    at(&world, "2027-03-10T11:05:00Z").await;
    let own = show(&world, &account, "/user/plan").await;
    assert_eq!((coming(&own["subscription"]), &own["plan"]["id"]), ([&Value::Null; 2], &json!("dev")));
    assert_eq!(cents(&world, &account).await, 2_900);
    // It is managed by its schedule for a month more; an end is an end all the same.
    assert!(managed());
    to("/subscription/cancel", &json!({})).await;
    at(&world, "2027-04-10T10:05:00Z").await;
    assert_eq!(plan(&world, &account).await.0, "free");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_year_becomes_months_when_it_is_over_and_then_goes_on_by_itself() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-31T10:00:00Z").await;
    let subscription = buy(&world, &account, "dev", "year").await;
    at(&world, "2027-01-31T10:01:00Z").await;
    let set = ask(&world, &account, "/subscription/change", &json!({"plan": "dev"})).await.success();
    assert_eq!(coming(&set), [&json!("dev"), &json!("month")]);
    let due = async || world.value("select count(*) from gateway.instalments where state = 'due'").await;
    at(&world, "2028-01-31T09:59:00Z").await;
    assert_eq!((cents(&world, &account).await, due().await), (2_900, json!(0)));
    for month in ["2028-01-31T11:05:00Z", "2028-02-29T11:05:00Z", "2028-03-31T11:05:00Z"] {
        at(&world, month).await;
        assert_eq!((cents(&world, &account).await, due().await), (2_900, json!(0)), "{month}");
    }
    let own = show(&world, &account, "/user/plan").await;
    assert_eq!((&own["subscription"]["interval"], &own["subscription"]["status"]), (&json!("month"), &json!("active")));
    assert_eq!(world.platform.stripe.object(&subscription).expect("a subscription")["schedule"], Value::Null);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_smaller_plan_that_was_to_come_survives_a_declined_upgrade_and_yields_to_a_paid_one() {
    let world = World::start().await;
    let (account, other) = (newcomer(&world).await, newcomer(&world).await);
    let subscription = bought(&world, &account, "team", "month").await;
    ask(&world, &account, "/subscription/change", &json!({"plan": "dev"})).await.success();
    let stripe = &world.platform.stripe;
    let year = json!({"plan": "team", "interval": "year"});
    stripe.act("card", &subscription, &[("card", "declined")]).expect("another card");
    ask(&world, &account, "/subscription/change", &year).await.refused(402, "card_declined");
    deliver(&world).await;
    assert_eq!(coming(&show(&world, &account, "/user/plan").await["subscription"]), [&json!("dev"), &json!("month")]);
    stripe.act("card", &subscription, &[("card", "good")]).expect("another card");
    let changed = ask(&world, &account, "/subscription/change", &year).await.success();
    assert_eq!((coming(&changed), &changed["interval"]), ([&Value::Null; 2], &json!("year")));
    // What is not sold, and what is another's.
    let change = async |account, body: Value| ask(&world, account, "/subscription/change", &body).await;
    change(&account, json!({"plan": "free"})).await.refused(400, "invalid_request");
    change(&account, json!({"plan": "gold"})).await.refused(404, "plan_not_found");
    let named = json!({"plan": "dev", "subscription_id": subscription});
    change(&other, named).await.refused(404, "subscription_not_found");
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
    // It is told by whoever deletes the account: no cron job and no event is waited for.
    let told = async {
        while world.value("select count(*) from gateway.stripe_tasks where done_at is null").await != json!(0) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tests::certain("what Stripe is to be told", told).await;
    let tasks = "select jsonb_agg(jsonb_build_array(kind, object_id, outcome) order by id) from gateway.stripe_tasks
                   where kind = 'cancel_subscription'";
    assert_eq!(world.value(tasks).await, json!([["cancel_subscription", subscription, "done"]]));
    assert_eq!(world.platform.stripe.object(&subscription).expect("a subscription")["status"], "canceled");
    deliver(&world).await;
    let ended = world.value("select ended_at is not null from gateway.subscriptions").await;
    assert_eq!(ended, json!(true));
    world.assert_ledger_clean().await;
}
