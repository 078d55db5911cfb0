//! However many calls come at once, an end user spends what it may and no more.

use futures_util::future::join_all;
use serde_json::json;
use tests::certain;
use tests::world::{World, nanos, read, send};
use tokio::sync::watch;

use super::{HOLD, call, dollars, list, set};

/// Calls at the same time, of which each end user's half may serve so many.
const CALLS: usize = 200;
const SERVED: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_for_two_end_users_serve_exactly_what_fits_their_budgets() {
    let Some(world) = World::concurrent("end users' budgets under 200 calls").await else { return };
    let account = world.account(HOLD * 1000).await;
    let budget = i64::try_from(SERVED).expect("a number") * HOLD + HOLD / 2;
    // One by a budget of its own, the other, who is not on record before, by the default.
    set(&world, &account, Some("ann"), json!({"amount": dollars(budget), "period": "day"})).await.success();
    set(&world, &account, None, json!({"amount": dollars(budget), "period": "total"})).await.success();
    let gate = world.platform.providers.control().gate();
    let answered = watch::Sender::new(0);
    let calls = (0..CALLS).map(|number| {
        let (world, answered, account) = (&world, &answered, &account);
        async move {
            let user = if number % 2 == 0 { "ann" } else { "bob" };
            let (status, answer) = read(send(world.chat(&account.key, &call(user))).await).await;
            answered.send_modify(|count| *count += 1);
            (user, status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
        }
    });
    let all_decided = async {
        certain("the calls at the provider", gate.wait_for(2 * SERVED)).await;
        let refused = answered.subscribe().wait_for(|count| *count == CALLS - 2 * SERVED).await.map(|count| *count);
        assert_eq!(refused.ok(), Some(CALLS - 2 * SERVED));
        gate.release();
    };
    let (answers, ()) = tokio::join!(join_all(calls), certain("every call's admission or refusal", all_decided));
    world.settled().await;
    for user in ["ann", "bob"] {
        let of_user: Vec<_> = answers.iter().filter(|(name, ..)| *name == user).collect();
        assert_eq!(of_user.iter().filter(|(_, status, _)| *status == 200).count(), SERVED, "{user}");
        for (_, status, code) in of_user.iter().filter(|(_, status, _)| *status != 200) {
            let is_about_the_budget = ["credits_in_flight", "end_user_budget_reached"].contains(&code.as_str());
            assert!(*status == 402 && is_about_the_budget, "{status} {code}");
        }
    }
    world.assert_ledger_clean().await;
    let (mut spent, listed) = (0, list(&world, &account, "").await);
    for user in listed["data"].as_array().expect("a list") {
        assert!(nanos(&user["spent"]) <= budget && user["held"] == 0, "{user}");
        assert_eq!(user["spent"], user["spent_in_all"]);
        spent += nanos(&user["spent"]);
    }
    assert_eq!(
        (listed["data"].as_array().map(Vec::len), world.money(account.id).await.0),
        (Some(2), HOLD * 1000 - spent)
    );
}
