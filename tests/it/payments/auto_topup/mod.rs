//! Auto top-up: one attempt at a time, within what was agreed to, and only while its account wants it.
//!
//! - `consent`: who turns it on and what turns it off. `charged`: what is charged, and when.
//! - `declined`: what a decline does. `lost`: what Stripe, or we, did not hear of.

mod charged;
mod consent;
mod declined;
mod lost;

use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World, hello};

use super::shop::deliver;

/// What is agreed to: below five dollars, ten more.
fn agreed(further: &Value) -> Value {
    let mut body = json!({"enabled": true, "consent": true, "threshold": 5, "amount": 10, "monthly_cap": 100});
    body.as_object_mut().expect("an object").extend(further.as_object().expect("members").clone());
    body
}

async fn put(world: &World, account: &Account, body: &Value) -> Answer {
    let request = world.http.put(format!("{}/user/auto-topup", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn shown(world: &World, account: &Account) -> Value {
    Answer::to(world.get("/user/auto-topup", &account.key)).await.success()
}

/// Agrees, and leaves this card.
async fn turned_on(world: &World, account: &Account, body: &Value, card: &str) {
    let asked = put(world, account, body).await.success();
    assert_eq!(asked["state"], "awaiting_card", "{asked}");
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id");
    world.platform.stripe.act("pay", page, &[("card", card)]).expect("it is left");
    let active = shown(world, account).await;
    assert_eq!((&active["state"], &active["card"]["last4"]), (&json!("active"), &json!("4242")), "{active}");
    // The event says nothing new.
    deliver(world).await;
    assert_eq!(shown(world, account).await["state"], "active");
}

/// A call whose settle finds what is due, and the end of what comes of it.
async fn call(world: &World, account: &Account) {
    world.completion(&account.key, &hello(&json!({"max_tokens": 5}))).await;
    world.settled().await;
    idle(world).await;
}

/// Waits until nothing is asked of Stripe any more: the task of a call ends after its settle.
async fn idle(world: &World) {
    let under_way = "select count(*) from gateway.auto_topups t join gateway.accounts a on a.id = t.account_id
         where t.state in ('active', 'paused') and a.balance - a.held < a.topup_below
           and coalesce(a.topup_after <= gateway.now(), true)";
    let quiet = async {
        while world.value(under_way).await != json!(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    certain("an attempt", quiet).await;
}

/// Waits until the attempts of an account stand so, the oldest first.
async fn attempts(world: &World, account: &Account, expected: &[&str]) {
    let sql = format!(
        "select coalesce(jsonb_agg(status order by created_at, id), '[]') from gateway.payments
           where account_id = '{}' and kind = 'auto'",
        account.id
    );
    let expected = json!(expected);
    let stand = async {
        while world.value(&sql).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), stand).await.is_err() {
        assert_eq!(world.value(&sql).await, expected);
    }
}

/// How many times Stripe was asked to charge.
fn charges(world: &World) -> usize {
    let asked = world.platform.stripe.requests();
    asked.iter().filter(|(path, body)| path == "/v1/payment_intents" && body.contains("off_session=true")).count()
}

/// As if so long had passed for the attempts of an account.
async fn later(world: &World, account: &Account, interval: &str) {
    world
        .sql(&format!(
            "update gateway.accounts set topup_after = topup_after - interval '{interval}' where id = '{0}';
             update gateway.auto_topups set paused_until = paused_until - interval '{interval}' where account_id = '{0}';
             update gateway.payments set created_at = created_at - interval '{interval}', settled_at = settled_at - interval '{interval}'
               where account_id = '{0}' and kind = 'auto'",
            account.id
        ))
        .await;
}

async fn state(world: &World, account: &Account) -> (String, Value) {
    let topup = shown(world, account).await;
    (topup["state"].as_str().expect("a state").to_owned(), topup["reason"].clone())
}
