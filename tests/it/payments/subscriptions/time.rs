//! What time does to a plan: renewals, years, months of many lengths, cards that fail.

use local::postgrest::Fault;
use serde_json::json;
use tests::answer::Answer;
use tests::watch::Watch;
use tests::world::World;

use super::super::facts::outcome;
use super::super::shop::deliver;
use super::facts::Subscribed;
use super::shop::{at, bought, buy, cents, newcomer, plan, show, spend, travel};

/// How many instalments stand so.
async fn instalments(world: &World, state: &str) -> serde_json::Value {
    world.value(&format!("select count(*) from gateway.instalments where state = '{state}'")).await
}

#[tokio::test]
async fn thirteen_months_of_a_year_each_give_their_credit_and_take_what_was_left_of_the_one_before() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-31T10:00:00Z").await;
    buy(&world, &account, "dev", "year").await;
    at(&world, "2027-01-31T10:01:00Z").await;
    let due = ["02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31"];
    for day in due {
        assert_eq!(cents(&world, &account).await, 2_900, "before {day}");
        spend(&world, &account, 900).await;
        at(&world, &format!("2027-{day}T09:59:00Z")).await;
        assert_eq!(cents(&world, &account).await, 2_000, "{day}");
        at(&world, &format!("2027-{day}T10:01:00Z")).await;
    }
    assert_eq!((cents(&world, &account).await, instalments(&world, "due").await), (2_900, json!(0)));
    spend(&world, &account, 900).await;
    // The year is over, and its invoice a draft for an hour.
    at(&world, "2028-01-31T10:30:00Z").await;
    assert_eq!((cents(&world, &account).await, plan(&world, &account).await.0.as_str()), (2_000, "dev"));
    at(&world, "2028-01-31T11:05:00Z").await;
    assert_eq!((cents(&world, &account).await, instalments(&world, "due").await), (2_900, json!(11)));
    at(&world, "2028-02-29T10:01:00Z").await;
    assert_eq!((cents(&world, &account).await, instalments(&world, "granted").await), (2_900, json!(14)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_months_credit_is_given_once_though_the_read_that_gives_it_is_asked_twice() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-31T10:00:00Z").await;
    buy(&world, &account, "dev", "year").await;
    at(&world, "2027-01-31T10:01:00Z").await;
    spend(&world, &account, 900).await;
    // This gateway was told of nothing: the mail that goes behind an answer to Stripe takes no connection of its.
    let reader = world.another_gateway().await;
    let balance = || world.http.get(format!("{reader}/user/balance")).bearer_auth(&account.key);
    assert_eq!(Answer::to(balance()).await.success()["credits"], 20);
    travel(&world, "2027-02-28T10:01:00Z").await;
    let watch = Watch::new(&world);
    world.platform.postgrest.control().fail(Some("get_balance"), Some(1), Fault::DropAnswer);
    assert_eq!(Answer::to(balance()).await.success()["credits"], 29);
    assert_eq!(watch.functions().iter().filter(|function| *function == "get_balance").count(), 2);
    assert_eq!(instalments(&world, "granted").await, json!(2));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_year_that_begins_on_a_leap_day_ends_on_the_last_of_february() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2028-02-29T10:00:00Z").await;
    buy(&world, &account, "team", "year").await;
    at(&world, "2028-02-29T10:01:00Z").await;
    for (moment, paid) in [
        ("2028-03-29T09:59:00Z", 1),
        ("2028-03-29T10:01:00Z", 2),
        ("2028-04-29T10:01:00Z", 3),
        ("2029-01-29T10:01:00Z", 4),
        ("2029-02-28T09:59:00Z", 4),
        ("2029-02-28T11:05:00Z", 5),
    ] {
        at(&world, moment).await;
        assert_eq!(cents(&world, &account).await, 9_900, "{moment}");
        assert_eq!(instalments(&world, "granted").await, json!(paid), "{moment}");
    }
    // Nobody was there from May to January.
    assert_eq!(instalments(&world, "lapsed").await, json!(8));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn months_that_begin_on_the_31st_come_back_to_it() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-31T10:00:00Z").await;
    buy(&world, &account, "dev", "month").await;
    for (moment, end) in [
        ("2027-01-31T10:01:00Z", "2027-02-28T10:00"),
        ("2027-02-28T11:05:00Z", "2027-03-31T10:00"),
        ("2027-03-31T11:05:00Z", "2027-04-30T10:00"),
        ("2027-04-30T11:05:00Z", "2027-05-31T10:00"),
    ] {
        at(&world, moment).await;
        let shown = show(&world, &account, "/user/plan").await;
        assert!(shown["subscription"]["period_end"].as_str().is_some_and(|at| at.starts_with(end)), "{shown}");
        assert_eq!(cents(&world, &account).await, 2_900, "{moment}");
        spend(&world, &account, 100).await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_nobody_called_for_in_its_month_lapses_and_the_month_that_runs_is_there() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-03-10T10:00:00Z").await;
    buy(&world, &account, "dev", "year").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    travel(&world, "2027-06-20T10:00:00Z").await;
    // The first thing that comes is a call.
    Answer::to(world.chat(&account.key, &tests::world::hello(&json!({"max_tokens": 10})))).await.success();
    world.settled().await;
    assert!((2_899..=2_900).contains(&cents(&world, &account).await));
    assert_eq!((instalments(&world, "granted").await, instalments(&world, "lapsed").await), (json!(2), json!(2)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_call_finds_the_credit_of_the_month_that_has_begun_though_nothing_was_left_of_the_one_before() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-03-10T10:00:00Z").await;
    buy(&world, &account, "dev", "year").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    spend(&world, &account, 2_900).await;
    let call = || Answer::to(world.chat(&account.key, &tests::world::hello(&json!({"max_tokens": 10}))));
    call().await.refused(402, "insufficient_credits");
    travel(&world, "2027-04-10T10:01:00Z").await;
    call().await.success();
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_paid_or_heard_of_after_its_month_counts_from_then_on() {
    let world = World::start().await;
    for (price, period, paid, granted_until, next) in [
        (
            "dev_month",
            ("2027-01-10T10:00:00Z", "2027-02-10T10:00:00Z"),
            2_900,
            "2027-03-20T12:00:00+00:00",
            json!(null),
        ),
        (
            "dev_year",
            ("2027-01-10T10:00:00Z", "2028-01-10T10:00:00Z"),
            29_000,
            "2027-03-20T12:00:00+00:00",
            json!("2027-03-20T12:00:00+00:00"),
        ),
        // In its month it is its month's.
        (
            "dev_month",
            ("2027-02-10T10:00:00Z", "2027-03-10T10:00:00Z"),
            2_900,
            "2027-03-10T10:00:00+00:00",
            json!(null),
        ),
    ] {
        let account = newcomer(&world).await;
        world.set_clock("2027-02-20T12:00:00Z").await;
        let bought = Subscribed::new(&world, &account, price, period, paid).await;
        assert_eq!(outcome(&world, &bought.invoice_paid(1)).await, "applied");
        assert_eq!(cents(&world, &account).await, 2_900, "{price}");
        let granted = format!(
            "select period_end from gateway.instalments where account_id = '{}' and state = 'granted'",
            account.id
        );
        assert_eq!(world.value(&granted).await, json!(granted_until), "{price}");
        assert_eq!(bought.stands(&world).await[5], next, "{price}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn between_a_period_and_its_successors_credit_lies_more_than_an_hour_without_a_gap() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-03-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "dev", "month").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    spend(&world, &account, 1_000).await;
    at(&world, "2027-04-10T10:30:00Z").await;
    assert_eq!((cents(&world, &account).await, plan(&world, &account).await.0.as_str()), (1_900, "dev"));
    at(&world, "2027-04-10T11:05:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    // One that is not renewed leaves its credit for six hours, and its limits only as long as they were paid for.
    world.platform.stripe.act("cancel", &subscription, &[]).expect("it ends");
    at(&world, "2027-05-10T10:01:00Z").await;
    assert_eq!((cents(&world, &account).await, plan(&world, &account).await.0.as_str()), (2_900, "free"));
    at(&world, "2027-05-10T16:05:00Z").await;
    assert_eq!(cents(&world, &account).await, 0);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_that_fails_leaves_the_limits_for_a_week_and_ends_the_plan_at_last() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-03-10T10:00:00Z").await;
    let subscription = bought(&world, &account, "dev", "month").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    world.platform.stripe.act("card", &subscription, &[("card", "declined")]).expect("another card");
    for (moment, in_force, status, left) in [
        ("2027-04-10T11:05:00Z", "dev", "past_due", 2_900),
        ("2027-04-10T16:05:00Z", "dev", "past_due", 0),
        ("2027-04-16T10:00:00Z", "dev", "past_due", 0),
        ("2027-04-17T10:05:00Z", "free", "past_due", 0),
        ("2027-04-25T12:00:00Z", "free", "canceled", 0),
    ] {
        at(&world, moment).await;
        let shown = show(&world, &account, "/user/plan").await;
        assert_eq!(
            (&shown["plan"]["id"], &shown["subscription"]["status"]),
            (&json!(in_force), &json!(status)),
            "{moment}"
        );
        assert_eq!(cents(&world, &account).await, left, "{moment}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_that_pays_in_the_end_gives_the_credit_of_the_period_that_runs() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-03-10T10:00:00Z").await;
    let subscription = bought(&world, &account, "dev", "month").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    world.platform.stripe.act("card", &subscription, &[("card", "poor")]).expect("another card");
    at(&world, "2027-04-20T10:00:00Z").await;
    assert_eq!((cents(&world, &account).await, plan(&world, &account).await.0.as_str()), (0, "free"));
    world.platform.stripe.act("card", &subscription, &[("card", "good")]).expect("another card");
    deliver(&world).await;
    assert_eq!((cents(&world, &account).await, plan(&world, &account).await.0.as_str()), (2_900, "dev"));
    // It is the period's credit, which was only paid late.
    at(&world, "2027-05-10T10:30:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    at(&world, "2027-05-10T11:05:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_subscription_that_is_left_unpaid_gives_nothing_however_its_periods_go_on() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    world.platform.stripe.leave_unpaid(true);
    travel(&world, "2027-03-10T10:00:00Z").await;
    let subscription = bought(&world, &account, "dev", "month").await;
    at(&world, "2027-03-10T10:01:00Z").await;
    world.platform.stripe.act("card", &subscription, &[("card", "declined")]).expect("another card");
    for moment in ["2027-04-26T12:00:00Z", "2027-05-12T12:00:00Z", "2027-07-12T12:00:00Z"] {
        at(&world, moment).await;
        let shown = show(&world, &account, "/user/plan").await;
        assert_eq!(
            (&shown["plan"]["id"], &shown["subscription"]["status"]),
            (&json!("free"), &json!("unpaid")),
            "{moment}"
        );
        assert_eq!(cents(&world, &account).await, 0, "{moment}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_ends_at_the_moment_to_which_it_is_paid() {
    let world = World::start().await;
    world.set_clock("2027-03-01 00:00Z").await;
    let account = world.account(0).await;
    let paid = "plan = null, subscription_plan = 'team', subscription_ends_at = timestamptz '2027-03-01 00:00Z'";
    for (longer, source) in [("+ interval '1 microsecond'", "subscription"), ("", "none")] {
        world.change_account(&account, &format!("{paid} {longer}")).await;
        let shown = show(&world, &account, "/user/plan").await;
        assert_eq!((&shown["source"], shown["plan"]["id"] == "team"), (&json!(source), !longer.is_empty()), "{shown}");
    }
}
