//! A call that queues for its account's row is admitted by what that has become, not by what it was.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{World, hello};

const CREDIT: i64 = 1_000_000_000;

/// What a transaction that has the row changes of it ($A is the account's id), and what a call that waits for it is then told.
const CASES: &[(&str, u16, &str)] = &[
    ("update gateway.accounts set held = balance where id = '$A'", 402, "credits_in_flight"),
    ("update gateway.accounts set balance = 0 where id = '$A'", 402, "insufficient_credits"),
    ("update gateway.accounts set balance = -balance, debt = 2 * balance where id = '$A'", 402, "account_in_debt"),
    ("update gateway.accounts set month_requests = 1000000000 where id = '$A'", 429, "quota_exceeded"),
    ("update gateway.accounts set month_tokens = 100000000000 where id = '$A'", 429, "quota_exceeded"),
    ("update gateway.accounts set disabled_at = now() where id = '$A'", 403, "account_disabled"),
    (
        "insert into gateway.end_users (account_id, name, is_own, budget, period_start, created_at)
           values ('$A', 'bob', true, 0, now(), now());
         update gateway.accounts set has_end_users = true where id = '$A'",
        402,
        "end_user_budget_reached",
    ),
];

/// What an operator has set for the account: nothing, or what the plan has anyway.
const OWN_LIMITS: [&str; 2] = ["{}", r#"{"requests_per_month": 1000000000, "tokens_per_month": 100000000000}"#];

async fn told_meanwhile(world: &World, change: &str, own_limits: &str, members: &Value) -> Answer {
    let account = world.account(CREDIT).await;
    world.sql(&format!("update gateway.accounts set rate_limits = '{own_limits}' where id = '{}'", account.id)).await;
    let lock = world.locked(&account).await;
    let meanwhile = async {
        world.until_waiting(1).await;
        let change = change.replace("$A", &account.id.to_string());
        lock.batch_execute(&format!("{change}; commit")).await.expect("the change");
    };
    let (answer, ()) = tokio::join!(Answer::to(world.chat(&account.key, &hello(members))), meanwhile);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_a_call_waits_for_its_account_decides_on_it() {
    let Some(world) = World::concurrent("a call that waits for its account").await else { return };
    for (change, status, code) in CASES {
        for own_limits in OWN_LIMITS {
            let answer = told_meanwhile(&world, change, own_limits, &json!({"user": "bob"})).await;
            assert_eq!(answer.outcome(), (*status, (*code).to_owned()), "{change} {own_limits}");
        }
    }
    world.settled().await;
    assert_eq!(world.value("select count(*) from gateway.holds").await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_account_stays_as_it_is_is_served_when_it_has_waited() {
    let Some(world) = World::concurrent("a call that waits for its account").await else { return };
    for own_limits in OWN_LIMITS {
        told_meanwhile(&world, "select", own_limits, &json!({"user": "bob"})).await.success();
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}
