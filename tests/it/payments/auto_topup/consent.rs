//! Nobody but the account turns it on, and with no card but its own.

use serde_json::{Value, json};
use tests::world::World;

use super::super::shop::{DOLLAR, deliver};
use super::super::{facts, shop};
use super::{agreed, attempts, call, charges, later, put, state, turned_on};

#[tokio::test]
async fn nothing_but_the_accounts_own_word_turns_it_on() {
    let world = World::start().await;
    let account = world.account(0).await;
    let buy = json!({"amount": 5, "save_card": true});
    let (session, _) = shop::begin(&world, &account, &buy).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!((world.money(account.id).await.0, state(&world, &account).await.0), (5 * DOLLAR, "off".to_owned()));
    call(&world, &account).await;
    assert_eq!(charges(&world), 0);
    for (body, param) in [
        (json!({"enabled": true, "threshold": 5, "amount": 10, "monthly_cap": 100}), "consent"),
        (agreed(&json!({"amount": 4.99})), "amount"),
        (agreed(&json!({"amount": 1001})), "amount"),
        (agreed(&json!({"threshold": 0})), "threshold"),
        (agreed(&json!({"monthly_cap": 9})), "monthly_cap"),
        (agreed(&json!({"daily_limit": 11})), "daily_limit"),
        (agreed(&json!({"success_url": "javascript:alert(1)"})), "success_url"),
    ] {
        let answer = put(&world, &account, &body).await;
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
        answer.refused(400, "invalid_request");
    }
    assert_eq!(state(&world, &account).await.0, "off");
    // With the card that the purchase left it begins at once: there is less than was agreed.
    let on = put(&world, &account, &agreed(&json!({}))).await.success();
    assert_eq!((&on["state"], &on["setup_url"]), (&json!("active"), &Value::Null));
    attempts(&world, &account, &["succeeded"]).await;
    let off = put(&world, &account, &json!({"enabled": false})).await.success();
    assert_eq!((&off["state"], &off["reason"]), (&json!("off"), &json!("switched_off")));
    later(&world, &account, "1 day").await;
    world.sql(&format!("update gateway.accounts set balance = balance where id = '{}'", account.id)).await;
    call(&world, &account).await;
    assert_eq!(charges(&world), 1);
    // Another card is left at a page; a purchase meanwhile leaves a card, and turns nothing on.
    let asked = put(&world, &account, &agreed(&json!({"new_card": true}))).await.success();
    assert_eq!(asked["state"], "awaiting_card");
    let (session, _) = shop::begin(&world, &account, &buy).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!(state(&world, &account).await.0, "awaiting_card");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_of_another_accounts_customer_is_nobodys() {
    let world = World::start().await;
    let (owner, thief) = (world.account(DOLLAR).await, world.account(DOLLAR).await);
    turned_on(&world, &owner, &agreed(&json!({})), "good").await;
    let asked = put(&world, &thief, &agreed(&json!({}))).await.success();
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id").to_owned();
    let customer =
        world.value(&format!("select id from gateway.stripe_customers where account_id = '{}'", owner.id)).await;
    let deployment = world.value("select gateway.deployment_id()").await;
    let seen = json!({"kind": "card", "account": thief.id, "deployment": deployment, "session": page, "customer": customer,
        "method": "pm_stolen", "brand": "visa", "last4": "4242"});
    assert_eq!(facts::outcome(&world, &seen).await, "mismatch");
    let elsewhere = json!({"kind": "card", "account": thief.id, "deployment": owner.id, "session": page, "customer": "cus_x",
        "method": "pm_stolen", "brand": "visa", "last4": "4242"});
    assert_eq!(facts::outcome(&world, &elsewhere).await, "ignored");
    assert_eq!(state(&world, &thief).await.0, "awaiting_card");
    assert_eq!(state(&world, &owner).await.0, "active");
}
#[tokio::test]
async fn a_dispute_a_card_that_is_taken_away_and_a_customer_that_is_deleted_turn_it_off() {
    let world = World::start().await;
    for (what, reason) in [("dispute", "disputed"), ("detach", "card_removed"), ("customer", "card_removed")] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        call(&world, &account).await;
        attempts(&world, &account, &["succeeded"]).await;
        deliver(&world).await;
        let stripe = &world.platform.stripe;
        let column = |name: &str| {
            let sql = format!("select {name} from gateway.auto_topups where account_id = '{}'", account.id);
            let world = &world;
            async move { world.value(&sql).await.as_str().expect("an id").to_owned() }
        };
        match what {
            "dispute" => {
                let sql = format!("select intent_id from gateway.payments where account_id = '{}'", account.id);
                let intent = world.value(&sql).await;
                let reason = [("reason", "product_not_received")];
                stripe.act("dispute", intent.as_str().expect("an id"), &reason).expect("a dispute");
            }
            "detach" => {
                stripe.act("detach", &column("payment_method").await, &[]).expect("it is gone");
            }
            _ => {
                let url = format!("{}/v1/customers/{}", stripe.url(), column("customer_id").await);
                world.http.delete(url).bearer_auth(stripe.key()).send().await.expect("deleted");
            }
        }
        deliver(&world).await;
        assert_eq!(state(&world, &account).await, ("off".to_owned(), json!(reason)), "{what}");
        let due = format!("select topup_below from gateway.accounts where id = '{}'", account.id);
        assert_eq!(world.value(&due).await, Value::Null);
        let again = put(&world, &account, &agreed(&json!({}))).await;
        if what == "dispute" {
            again.refused(403, "payments_blocked");
        } else {
            assert_eq!(again.success()["state"], "awaiting_card");
        }
    }
    world.assert_ledger_clean().await;
}
