//! Credits, what is reserved, what is available, and the grants behind them.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World, hello, nanos};

async fn balance(world: &World, account: &Account) -> Value {
    Answer::to(world.get("/user/balance", &account.key)).await.success()
}

/// Credits, held and available, in nano-dollars.
fn figures(balance: &Value) -> (i64, i64, i64) {
    (nanos(&balance["credits"]), nanos(&balance["held"]), nanos(&balance["available"]))
}

#[tokio::test]
async fn an_account_without_credit_has_none() {
    let world = World::start().await;
    let account = world.account(0).await;
    let balance = balance(&world, &account).await;
    assert_eq!(figures(&balance), (0, 0, 0));
    assert_eq!((&balance["debt"], &balance["grants"], &balance["trial"]), (&json!(0), &json!([]), &Value::Null));
}

#[tokio::test]
async fn what_a_running_call_holds_is_not_available_until_it_is_settled() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    // 5 bytes of Hello, 16 for the message, 100 tokens of output.
    const HOLD: i64 = 21 * 1_000 + 100 * 2_000;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({"max_tokens": 100})));
    let running = async {
        certain("a call at the provider", gate.wait_for(1)).await;
        assert_eq!(figures(&balance(&world, &account).await), (1_000_000_000, HOLD, 1_000_000_000 - HOLD));
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), running);
    let cost = nanos(&answer.success()["usage"]["cost"]);
    world.settled().await;
    assert_eq!(figures(&balance(&world, &account).await), (1_000_000_000 - cost, 0, 1_000_000_000 - cost));
}

#[tokio::test]
async fn every_amount_is_printed_exactly() {
    let world = World::start().await;
    for (amount, text) in [
        (1, "0.000000001"),
        (10, "0.00000001"),
        (999_999_999, "0.999999999"),
        (1_000_000_000, "1"),
        (1_100_000_000, "1.1"),
        (123_456_789_012_345_678, "123456789.012345678"),
        // The first whole number of nano-dollars that a float does not have.
        (9_007_199_254_740_993, "9007199.254740993"),
        (999_999_999_999_999_999, "999999999.999999999"),
    ] {
        let account = world.account(amount).await;
        let answer = Answer::to(world.get("/user/balance", &account.key)).await;
        for member in ["credits", "available", "amount", "remaining"] {
            let printed = format!("\"{member}\": {text}");
            let ends = |at: usize| matches!(answer.text.as_bytes().get(at + printed.len()), Some(b',' | b'}'));
            assert!(answer.text.find(&printed).is_some_and(ends), "{printed} in {}", answer.text);
        }
        let ledger = Answer::to(world.get("/user/credit-transactions", &account.key)).await;
        assert!(ledger.text.contains(&format!("\"amount\": {text}")), "{text} in {}", ledger.text);
    }
}

#[tokio::test]
async fn grants_are_listed_in_the_order_of_spending_until_they_lapse_or_are_used_up() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let account = world.account(0).await;
    for (amount, source, expires_in) in [
        (5, "purchase", None),
        (4, "coupon", Some("30 days")),
        (3, "trial", Some("3 days")),
        (2, "admin", None),
        (1, "referral", Some("3 days")),
    ] {
        world.grant(account.id, amount * 1_000_000_000, source, expires_in).await;
    }
    let listed = async |world: &World| {
        let balance = balance(world, &account).await;
        let grants = balance["grants"].as_array().expect("grants").clone();
        let grants: Vec<(String, i64)> = grants
            .iter()
            .map(|grant| {
                (grant["source"].as_str().expect("a source").to_owned(), nanos(&grant["remaining"]) / 1_000_000_000)
            })
            .collect();
        (grants, figures(&balance).2 / 1_000_000_000)
    };
    let named =
        |grants: &[(&str, i64)]| grants.iter().map(|(name, left)| ((*name).to_owned(), *left)).collect::<Vec<_>>();
    let all = named(&[("trial", 3), ("referral", 1), ("coupon", 4), ("purchase", 5), ("admin", 2)]);
    assert_eq!(listed(&world).await, (all, 15));
    let first = balance(&world, &account).await["grants"][0].clone();
    assert_eq!(first["expires_at"], "2027-03-20T12:00:00+00:00");
    assert_eq!(first["created_at"], "2027-03-17T12:00:00+00:00");
    // Nobody has called since they expired: they are gone all the same.
    world.set_clock("2027-03-20 12:00Z").await;
    assert_eq!(listed(&world).await, (named(&[("coupon", 4), ("purchase", 5), ("admin", 2)]), 11));
    // Taking back goes by the same order.
    let admin = world.administrator().await;
    let taken =
        Answer::to(world.post("/admin/add_credits", &admin.key, &json!({"account_id": account.id, "amount": -6})))
            .await;
    assert_eq!(nanos(&taken.success()["balance"]), 5_000_000_000);
    assert_eq!(listed(&world).await, (named(&[("purchase", 3), ("admin", 2)]), 5));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_trial_is_shown_while_it_lasts_and_after() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let account = world.account(0).await;
    world
        .change_account(&account, "plan = null, trial_ends_at = '2027-03-20 12:00Z', trial_requests_left = 1000")
        .await;
    world.grant(account.id, 10_000_000_000, "trial", Some("3 days")).await;
    let shown = balance(&world, &account).await;
    assert_eq!(shown["trial"], json!({"active": true, "ends_at": "2027-03-20T12:00:00+00:00", "requests_left": 1000}));
    assert_eq!(shown["plan"], "dev");
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    assert_eq!(balance(&world, &account).await["trial"]["requests_left"], 999);
    world.set_clock("2027-03-20 12:00Z").await;
    let over = balance(&world, &account).await;
    assert_eq!(
        (&over["trial"]["active"], &over["plan"], &over["available"]),
        (&json!(false), &json!("free"), &json!(0))
    );
    // Whoever has bought credit goes on as pay-as-you-go.
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    assert_eq!(balance(&world, &account).await["plan"], "customize");
}

#[tokio::test]
async fn debt_is_shown_and_leaves_nothing_available() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world
        .sql(&format!(
            "do $$ declare account gateway.accounts; begin
               select * into account from gateway.accounts where id = '{}' for update;
               account := gateway.money_back(account, array(select id from gateway.credit_grants where account_id = account.id),
                                             1500000000, gateway.now());
             end $$",
            account.id
        ))
        .await;
    let shown = balance(&world, &account).await;
    assert_eq!((figures(&shown), nanos(&shown["debt"])), ((-500_000_000, 0, 0), 500_000_000));
    world.assert_ledger_clean().await;
}
