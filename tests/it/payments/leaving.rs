//! What becomes of payments, pages and cards when their account leaves.

use local::stripe::Loss;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::shop::{begin, come_back, deliver, pay, payment_id};

#[tokio::test]
async fn who_leaves_takes_along_what_leads_to_them_and_the_books_stay() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    come_back(&world, &account, &session).await;
    deliver(&world).await;
    let known = "select count(*) from gateway.payments where receipt_url is not null and fingerprint is not null";
    assert_eq!(world.value(known).await, json!(1));
    let leave = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let confirmed = json!({"confirmation": "DELETE_ACCOUNT"}).to_string();
    Answer::to(leave.header("content-type", "application/json").body(confirmed)).await.success();
    assert_eq!(world.value(known).await, json!(0));
    assert_eq!(world.value("select status from gateway.payments").await, "succeeded");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn who_leaves_leaves_no_page_open_and_no_card_at_stripe() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (paid, _) = pay(&world, &account, 10).await;
    deliver(&world).await;
    let (open, begun) = begin(&world, &account, &json!({"amount": 5})).await;
    let agreed = json!({"enabled": true, "consent": true, "threshold": 5, "amount": 10, "monthly_cap": 100});
    let put = world.http.put(format!("{}/user/auto-topup", world.base_url)).bearer_auth(&account.key);
    let card = Answer::to(put.header("content-type", "application/json").body(agreed.to_string())).await.success();
    let card = card["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id").to_owned();
    // Stripe does not hear of it at first.
    let stripe = &world.platform.stripe;
    stripe.lose(Loss::Request, 100);
    let leave = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let confirmed = json!({"confirmation": "DELETE_ACCOUNT"}).to_string();
    Answer::to(leave.header("content-type", "application/json").body(confirmed)).await.success();
    let status = |id: &str| stripe.object(id).expect("a session")["status"].as_str().map(str::to_owned);
    let told = "select count(*) from gateway.stripe_tasks where attempts > 0";
    let tried = async {
        while world.value(told).await != json!(3) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tests::certain("the first try", tried).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    stripe.lose(Loss::Request, 0);
    assert_eq!(status(&open).as_deref(), Some("open"));
    world.sql("update gateway.stripe_tasks set due_at = due_at - interval '1 hour'").await;
    let secret = world.platform.cron_secret();
    Answer::to(world.get("/api/cron/reconcile-payments", secret)).await.success();
    assert_eq!((status(&open).as_deref(), status(&card).as_deref()), (Some("expired"), Some("expired")));
    assert_eq!(status(&paid).as_deref(), Some("complete"));
    let customer = world.value("select id from gateway.stripe_customers").await;
    assert_eq!(stripe.object(customer.as_str().expect("an id")).expect("a customer")["deleted"], true);
    let undone = "select count(*) from gateway.stripe_tasks where done_at is null";
    assert_eq!(world.value(undone).await, json!(0));
    deliver(&world).await;
    let stands = format!("select status from gateway.payments where id = '{}'", payment_id(&begun));
    assert_eq!(world.value(&stands).await, "expired");
    world.assert_ledger_clean().await;
}
