//! Mail that time causes: each end that comes near once, and a report of each month.

use serde_json::json;
use tests::world::{Account, World, hello};

use super::{cron, last, told};
use crate::payments::shop::DOLLAR;

async fn count(world: &World, account: &Account, kind: &str) -> usize {
    told(world, account, kind).await.len()
}

#[tokio::test]
async fn a_key_that_expires_is_told_of_a_week_and_a_day_before() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    cron(&world).await;
    let account = world.account(0).await;
    let second = world.another_key(&account, "*").await;
    // One lives for a month, the other for four days: a week's notice would come with it.
    world
        .change_key(&account, "created_at = '2090-03-01 12:00Z', expires_at = '2090-03-31 12:00Z', name = '<i>one</i>'")
        .await;
    world.change_key(&second, "created_at = '2090-03-24 00:00Z', expires_at = '2090-03-28 12:00Z'").await;
    let days = async || {
        let payloads = told(&world, &account, "key_expiring").await;
        payloads.iter().map(|payload| payload["days"].clone()).collect::<Vec<_>>()
    };
    for (at, expected) in [
        ("2090-03-22 12:00Z", vec![]),
        ("2090-03-24 11:59Z", vec![]),
        ("2090-03-24 12:01Z", vec![7]),
        ("2090-03-24 12:06Z", vec![7]),
        ("2090-03-27 12:01Z", vec![7, 1]),
        ("2090-03-30 12:01Z", vec![7, 1, 1]),
        ("2090-03-31 12:01Z", vec![7, 1, 1]),
    ] {
        world.set_clock(at).await;
        cron(&world).await;
        assert_eq!(days().await, expected, "{at}");
    }
    let mail = last(&world);
    assert!(mail.html.is_some_and(|html| html.contains("&#60;i&#62;one")), "{}", mail.subject);
    // A key that was revoked is nobody's concern.
    world.change_key(&account, "expires_at = '2090-04-10 12:00Z', revoked_at = '2090-04-01 00:00Z'").await;
    world.set_clock("2090-04-03 12:01Z").await;
    cron(&world).await;
    assert_eq!(days().await, [7, 1, 1]);
}

#[tokio::test]
async fn credit_that_lapses_is_told_of_in_one_mail_a_week_before() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    cron(&world).await;
    let account = world.account(100 * DOLLAR).await;
    for (source, dollars) in [("coupon", 3), ("referral", 4), ("subscription", 29), ("trial", 10)] {
        world.grant(account.id, dollars * DOLLAR, source, Some("30 days")).await;
    }
    world.grant(account.id, DOLLAR, "coupon", Some("8 days")).await;
    for (at, expected) in
        [("2090-03-02 12:01Z", 0), ("2090-03-24 11:00Z", 0), ("2090-03-24 12:01Z", 1), ("2090-03-24 13:00Z", 1)]
    {
        world.set_clock(at).await;
        cron(&world).await;
        assert_eq!(count(&world, &account, "credits_expiring").await, expected, "{at}");
    }
    assert_eq!(told(&world, &account, "credits_expiring").await[0]["amount"], json!(7));
}

#[tokio::test]
async fn a_trial_is_told_of_a_day_before_its_end_and_at_its_end_unless_something_was_paid() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    cron(&world).await;
    let (tries, pays) = (world.account(0).await, world.account(0).await);
    for account in [&tries, &pays] {
        world
            .sql(&format!(
                "update gateway.accounts set plan = null where id = '{0}';
                 do $$ declare account gateway.accounts; begin
                   select * into account from gateway.accounts where id = '{0}' for update;
                   perform gateway.begin_trial(account, '[{{\"kind\": \"wallet\", \"value\": \"{0}\"}}]', gateway.now());
                 end $$",
                account.id
            ))
            .await;
    }
    world.grant(pays.id, DOLLAR, "purchase", None).await;
    for (at, ending, ended) in [
        ("2090-03-03 11:59Z", 0, 0),
        ("2090-03-03 12:01Z", 1, 0),
        ("2090-03-04 12:01Z", 1, 1),
        ("2090-03-05 12:01Z", 1, 1),
    ] {
        world.set_clock(at).await;
        cron(&world).await;
        let told = (count(&world, &tries, "trial_ending").await, count(&world, &tries, "trial_ended").await);
        assert_eq!(told, (ending, ended), "{at}");
    }
    assert_eq!((count(&world, &pays, "trial_ending").await, count(&world, &pays, "trial_ended").await), (0, 0));
}

#[tokio::test]
async fn a_month_that_is_over_is_reported_once_to_whoever_used_something_and_wants_it() {
    let world = World::start().await;
    world.set_clock("2090-03-31 22:00Z").await;
    cron(&world).await;
    let (uses, idles, wants_none) =
        (world.account(20 * DOLLAR).await, world.account(0).await, world.account(20 * DOLLAR).await);
    world.sql(&format!("select gateway.set_preference('{}', 'usage_report', false)", wants_none.id)).await;
    for account in [&uses, &uses, &wants_none] {
        world.completion(&account.key, &hello(&json!({"max_tokens": 5}))).await;
        world.settled().await;
    }
    // More accounts than one step looks at.
    world.sql("insert into gateway.accounts (id, email) select gen_random_uuid(), n || '@many.example' from generate_series(1, 450) n").await;
    for (at, expected) in
        [("2090-04-01 00:01Z", 0), ("2090-04-01 06:01Z", 1), ("2090-04-01 06:06Z", 1), ("2090-04-30 12:00Z", 1)]
    {
        world.set_clock(at).await;
        cron(&world).await;
        assert_eq!(count(&world, &uses, "usage_report").await, expected, "{at}");
    }
    let report = &told(&world, &uses, "usage_report").await[0];
    assert_eq!((&report["month"], &report["requests"]), (&json!("2090-03"), &json!(2)), "{report}");
    assert_eq!(count(&world, &idles, "usage_report").await + count(&world, &wants_none, "usage_report").await, 0);
    // Nothing was used in April.
    world.set_clock("2090-05-01 07:00Z").await;
    cron(&world).await;
    assert_eq!(count(&world, &uses, "usage_report").await, 1);
}

#[tokio::test]
async fn after_a_pause_of_the_cron_job_nothing_is_told_that_is_long_over() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    cron(&world).await;
    let account = world.account(0).await;
    world.change_key(&account, "created_at = '2090-01-01 00:00Z', expires_at = '2090-03-10 12:00Z'").await;
    world.set_clock("2090-03-20 12:00Z").await;
    cron(&world).await;
    assert_eq!(count(&world, &account, "key_expiring").await, 0);
}
