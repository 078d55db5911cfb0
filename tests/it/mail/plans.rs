//! What becomes of plans and of auto top-up is told, each state once.

use serde_json::{Value, json};
use tests::world::{Account, World};

use super::{cron, last, told};
use crate::payments::facts::{Bought, outcome};
use crate::payments::subscriptions::facts::Subscribed;

const MONTH: (&str, &str) = ("2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z");

/// The kinds that were told to an account, receipts left out.
async fn kinds(world: &World, account: &Account) -> Value {
    let sql = format!(
        "select coalesce(jsonb_agg(kind order by id), '[]') from gateway.notifications where account_id = '{}' and kind <> 'receipt'",
        account.id
    );
    world.value(&sql).await
}

#[tokio::test]
async fn each_state_of_a_plan_is_told_once() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    let account = world.account(0).await;
    let month = Subscribed::new(&world, &account, "dev_month", MONTH, 2_900).await;
    let team = json!({"price": {"id": "price_team_month", "name": "team_month", "months": 1}});
    let with = |members: Value| {
        let mut all = team.clone();
        all.as_object_mut().expect("members").extend(members.as_object().expect("members").clone());
        all
    };
    let ending = with(json!({"cancel_at": "2027-02-28T00:00:00Z"}));
    for (second, status, members, expected) in [
        (1, "incomplete", json!({}), json!([])),
        (2, "active", json!({}), json!(["plan_started"])),
        (3, "active", team.clone(), json!(["plan_started", "plan_changed"])),
        (4, "past_due", team.clone(), json!(["plan_started", "plan_changed", "plan_payment_failed"])),
        (5, "active", team.clone(), json!(["plan_started", "plan_changed", "plan_payment_failed"])),
        (6, "active", ending.clone(), json!(["plan_started", "plan_changed", "plan_payment_failed", "plan_ending"])),
        (
            7,
            "canceled",
            ending,
            json!(["plan_started", "plan_changed", "plan_payment_failed", "plan_ending", "plan_ended"]),
        ),
    ] {
        let seen = month.looked_at(second, status, &members);
        // Told twice, and once more by an older look.
        for _ in 0..2 {
            outcome(&world, &seen).await;
        }
        outcome(&world, &month.looked_at(0, "active", &json!({}))).await;
        assert_eq!(kinds(&world, &account).await, expected, "{second}");
    }
    cron(&world).await;
    let subjects: Vec<String> = world.platform.mailbox.messages().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 5, "{subjects:?}");
    assert!(told(&world, &account, "plan_payment_failed").await[0]["until"].is_string());
    // What never came to be is no end.
    let never = world.account(0).await;
    let tried = Subscribed::new(&world, &never, "dev_month", MONTH, 2_900).await;
    outcome(&world, &tried.looked_at(1, "incomplete", &json!({}))).await;
    outcome(&world, &tried.looked_at(2, "incomplete_expired", &json!({}))).await;
    assert_eq!(kinds(&world, &never).await, json!([]));
}

#[tokio::test]
async fn a_year_that_renews_is_told_of_a_week_before() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    cron(&world).await;
    let account = world.account(0).await;
    let year =
        Subscribed::new(&world, &account, "dev_year", ("2027-01-31T00:00:00Z", "2028-01-31T00:00:00Z"), 29_000).await;
    outcome(&world, &year.looked_at(1, "active", &json!({}))).await;
    for (at, count) in [("2028-01-23T00:00:00Z", 0), ("2028-01-24T00:01:00Z", 1), ("2028-01-24T00:06:00Z", 1)] {
        world.set_clock(at).await;
        cron(&world).await;
        assert_eq!(told(&world, &account, "plan_renewing").await.len(), count, "{at}");
    }
    assert_eq!(told(&world, &account, "plan_renewing").await[0]["price"], json!(290));
}

#[tokio::test]
async fn auto_top_up_tells_why_it_pauses_and_why_it_is_off_and_not_what_its_owner_did() {
    let world = World::start().await;
    let account = world.account(0).await;
    let customer = format!("cus_{}", account.id.simple());
    world
        .sql(&format!(
            "insert into gateway.stripe_customers (id, account_id, livemode, created_at) values ('{customer}', '{0}', false, gateway.now());
             insert into gateway.auto_topups (account_id, state, threshold, amount, monthly_cap, daily_limit, livemode, customer_id,
                 payment_method, card_last4, consented_at, changed_at)
               values ('{0}', 'active', 5000000000, 1000, 10000, 5, false, '{customer}', 'pm_1', '4242', gateway.now(), gateway.now())",
            account.id
        ))
        .await;
    for (code, expected) in [
        ("card_declined", json!(["auto_topup_paused"])),
        ("authentication_required", json!(["auto_topup_paused", "auto_topup_off"])),
    ] {
        world.sql("update gateway.auto_topups set state = 'active', paused_until = null, reason = null").await;
        let bought = Bought::new(&world, &account, 1_000, 1_000, 0).await;
        world
            .sql(&format!(
                "update gateway.payments set kind = 'auto', status = 'processing' where id = '{}'",
                bought.id
            ))
            .await;
        let mut failed = bought.succeeded();
        failed["status"] = json!("failed");
        failed["failure_code"] = json!(code);
        for _ in 0..2 {
            outcome(&world, &failed).await;
        }
        assert_eq!(kinds(&world, &account).await, expected, "one mail a decline, and no further one of the payment");
    }
    cron(&world).await;
    let mail = last(&world);
    assert!(mail.text.is_some_and(|text| text.contains("Your bank wants you to confirm")), "{}", mail.subject);
    world.sql("update gateway.auto_topups set state = 'active', reason = null").await;
    world.sql(&format!("select gateway.stop_auto_topup('{}', 'switched_off', gateway.now())", account.id)).await;
    assert_eq!(kinds(&world, &account).await, json!(["auto_topup_paused", "auto_topup_off"]));
}
