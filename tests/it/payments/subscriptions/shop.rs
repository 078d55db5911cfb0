//! Buying a plan at a gateway whose Stripe is the stand-in, and time, which passes at both.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::super::shop::deliver;

/// An account that an administrator has given no plan.
pub async fn newcomer(world: &World) -> Account {
    let account = world.account(0).await;
    world.change_account(&account, "plan = null").await;
    account
}

/// Asks for something of plans.
pub async fn ask(world: &World, account: &Account, path: &str, body: &Value) -> Answer {
    Answer::to(world.post(path, &account.key, body)).await
}

/// A plan that is bought and paid by a good card. Nothing is told yet. Answers the subscription's id.
pub async fn buy(world: &World, account: &Account, plan: &str, interval: &str) -> String {
    let body = json!({"plan": plan, "interval": interval});
    let page = ask(world, account, "/subscription/checkout", &body).await.success();
    pay(world, page["id"].as_str().expect("an id"))
}

/// Pays a plan at its page.
pub fn pay(world: &World, session: &str) -> String {
    let session = world.platform.stripe.act("pay", session, &[]).expect("it pays");
    session["subscription"].as_str().expect("a subscription").to_owned()
}

/// The same, and told of.
pub async fn bought(world: &World, account: &Account, plan: &str, interval: &str) -> String {
    let subscription = buy(world, account, plan, interval).await;
    deliver(world).await;
    subscription
}

/// What a path shows the account.
pub async fn show(world: &World, account: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &account.key)).await.success()
}

/// The plan in force, and why.
pub async fn plan(world: &World, account: &Account) -> (String, String) {
    let shown = show(world, account, "/user/plan").await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&shown["plan"]["id"]), text(&shown["source"]))
}

/// The balance in cents, as the account is shown it.
pub async fn cents(world: &World, account: &Account) -> i64 {
    tests::world::nanos(&show(world, account, "/user/balance").await["credits"]) / 10_000_000
}

/// It is this moment, at Stripe and here. What was to happen meanwhile at Stripe has happened; it is told by `deliver`.
pub async fn travel(world: &World, to: &str) {
    world.platform.stripe.advance_to(to).expect("a moment");
    world.set_clock(to).await;
}

/// The same, and told of.
pub async fn at(world: &World, to: &str) {
    travel(world, to).await;
    deliver(world).await;
}

/// The intent that paid the newest invoice of a subscription.
pub fn intent_of(world: &World, subscription: &str) -> String {
    let stripe = &world.platform.stripe;
    let invoice = stripe.object(subscription).expect("a subscription")["latest_invoice"].clone();
    let payment = stripe.all("invoice_payment").into_iter().find(|payment| payment["invoice"] == invoice);
    payment.expect("a payment")["payment"]["payment_intent"].as_str().expect("an intent").to_owned()
}

/// Takes credit as calls would.
pub async fn spend(world: &World, account: &Account, cents: i64) {
    world
        .sql(&format!(
            "do $$ declare account gateway.accounts; spent record; begin
               select * into account from gateway.accounts where id = '{}' for update;
               account := gateway.catch_up(account, gateway.now());
               spent := gateway.spend(account, {cents}::bigint * 10000000, 'admin_debit', null, '', null, gateway.now(), gateway.now());
               update gateway.accounts set balance = (spent.account).balance, next_expiry = (spent.account).next_expiry where id = account.id;
             end $$",
            account.id
        ))
        .await;
}
