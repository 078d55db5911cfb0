//! Buying a plan, from the request to the credit.

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{World, nanos};

use super::super::shop::{DOLLAR, deliver};
use super::shop::{ask, at, bought, buy, cents, intent_of, newcomer, pay, plan, show, travel};

#[tokio::test]
async fn tax_on_a_plan_comes_on_top_at_each_invoice_and_gives_no_credit() {
    let world = World::with(Engine::InProcess, &[("STRIPE_TAX", "true")]).await;
    let account = newcomer(&world).await;
    travel(&world, "2027-02-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "dev", "month").await;
    at(&world, "2027-02-10T10:01:00Z").await;
    at(&world, "2027-03-10T11:05:00Z").await;
    let paid = "select jsonb_agg(jsonb_build_array(amount, paid) order by created_at) from gateway.payments";
    assert_eq!(world.value(paid).await, json!([[2_900, 3_132], [2_900, 3_132]]));
    assert_eq!(cents(&world, &account).await, 2_900);
    // Half of what was paid, tax included, is half of the credit.
    let intent = intent_of(&world, &subscription);
    world.platform.stripe.act("refund", &intent, &[("amount", "1566")]).expect("a refund");
    deliver(&world).await;
    assert_eq!(cents(&world, &account).await, 1_450);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_that_is_paid_gives_its_limits_and_the_credit_of_a_month() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    assert_eq!(plan(&world, &account).await, ("free".to_owned(), "none".to_owned()));
    let subscription = buy(&world, &account, "dev", "month").await;
    assert_eq!(cents(&world, &account).await, 0);
    let told = deliver(&world).await;
    assert!(told.iter().all(|(_, outcome)| outcome != "unmatched" && outcome != "mismatch"), "{told:?}");
    let own = show(&world, &account, "/user/plan").await;
    assert_eq!((&own["plan"]["id"], &own["source"]), (&json!("dev"), &json!("subscription")));
    assert_eq!((&own["subscription"]["id"], &own["subscription"]["interval"]), (&json!(subscription), &json!("month")));
    assert_eq!((&own["next_credits"], &own["subscription"]["status"]), (&Value::Null, &json!("active")));
    let balance = show(&world, &account, "/user/balance").await;
    assert_eq!((nanos(&balance["credits"]), &balance["grants"][0]["source"]), (29 * DOLLAR, &json!("subscription")));
    let usage = show(&world, &account, "/user/plan/usage").await;
    assert_eq!((nanos(&usage["credits"]["remaining"]), &usage["requests"]["limit"]), (29 * DOLLAR, &json!(300_000)));
    let may = show(&world, &account, "/user/plan/entitlements").await;
    // What an operator has set stands in place of the plan's.
    assert_eq!((&may["limits"]["requests_per_hour"], &may["limits"]["burst"]), (&json!(3_000), &json!(1_000_000)));
    let payments = show(&world, &account, "/api/stripe/payments").await;
    assert_eq!(
        (&payments["data"][0]["kind"], nanos(&payments["data"][0]["paid"]), &payments["data"][0]["subscription_id"]),
        (&json!("invoice"), 29 * DOLLAR, &json!(subscription))
    );
    // Whatever comes again changes nothing: neither the same events nor others that say the same.
    let events = world.platform.stripe.all("event");
    for event in &events {
        for id in [event["id"].clone(), json!(format!("evt_{}", uuid::Uuid::new_v4().simple()))] {
            let mut again = event.clone();
            again["id"] = id;
            let body = again.to_string();
            super::super::shop::post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success();
        }
    }
    assert_eq!(cents(&world, &account).await, 2_900);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_an_administrator_gave_stands_before_what_was_bought() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    bought(&world, &account, "dev", "month").await;
    world.change_account(&account, "plan = 'team', plan_ends_at = gateway.now() + interval '1 hour'").await;
    assert_eq!(plan(&world, &account).await, ("team".to_owned(), "administrator".to_owned()));
    world.change_account(&account, "plan_ends_at = gateway.now()").await;
    assert_eq!(plan(&world, &account).await, ("dev".to_owned(), "subscription".to_owned()));
    // A bought plan is no trial's: its calls are not counted against one.
    world.change_account(&account, "trial_ends_at = gateway.now() + interval '1 day', trial_requests_left = 0").await;
    Answer::to(world.chat(&account.key, &tests::world::hello(&json!({"max_tokens": 10})))).await.success();
}

#[tokio::test]
async fn an_account_has_one_subscription_and_whoever_repeats_a_request_gets_the_same_page() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let body = json!({"plan": "team", "interval": "year"});
    let request = || world.post("/subscription/checkout", &account.key, &body).header("idempotency-key", "one");
    let first = Answer::to(request()).await.success();
    assert_eq!(Answer::to(request()).await.success(), first);
    assert_eq!(
        first["url"].as_str().map(|url| url.contains("/_local/stripe/checkout/cs_test_")),
        Some(true),
        "{first}"
    );
    pay(&world, first["id"].as_str().expect("an id"));
    deliver(&world).await;
    assert_eq!(plan(&world, &account).await.0, "team");
    // A year's credit comes month by month.
    assert_eq!(cents(&world, &account).await, 9_900);
    assert_eq!(nanos(&show(&world, &account, "/user/plan").await["next_credits"]["amount"]), 99 * DOLLAR);
    ask(&world, &account, "/subscription/checkout", &json!({"plan": "dev"})).await.refused(409, "subscription_exists");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_not_sold_is_refused_and_a_declined_card_buys_nothing() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    for (body, status, code) in [
        (json!({"plan": "free"}), 400, "invalid_request"),
        (json!({"plan": "customize", "interval": "year"}), 400, "invalid_request"),
        (json!({"plan": "gold"}), 404, "plan_not_found"),
        (json!({"plan": "dev", "interval": "week"}), 400, "invalid_request"),
        (json!({"plan": "dev", "success_url": "javascript:alert(1)"}), 400, "invalid_request"),
    ] {
        ask(&world, &account, "/subscription/checkout", &body).await.refused(status, code);
    }
    let page = ask(&world, &account, "/subscription/checkout", &json!({"plan": "dev"})).await.success();
    let declined = world.platform.stripe.act("pay", page["id"].as_str().expect("an id"), &[("card", "declined")]);
    assert_eq!(declined.expect_err("a decline").status, 402);
    deliver(&world).await;
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("free", 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_no_webhook_told_is_found_out() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    buy(&world, &account, "dev", "month").await;
    let _ = world.platform.stripe.take_events();
    Answer::to(world.get("/api/cron/reconcile-payments", world.platform.cron_secret())).await.success();
    assert_eq!((plan(&world, &account).await.0.as_str(), cents(&world, &account).await), ("dev", 2_900));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn plans_are_shown_to_everybody() {
    let world = World::start().await;
    let get = async |path: &str| Answer::to(world.http.get(format!("{}{path}", world.base_url))).await;
    let ids = |list: &Value| -> Vec<String> {
        list["data"]
            .as_array()
            .expect("plans")
            .iter()
            .map(|plan| plan["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids(&get("/plans").await.success()), ["free", "customize", "dev", "team"]);
    assert_eq!(ids(&get("/subscription/plans").await.success()), ["dev", "team"]);
    let dev = get("/plans/dev").await.success();
    assert_eq!((nanos(&dev["price_per_year"]), &dev["limits"]["concurrency"]), (290 * DOLLAR, &json!(15)));
    get("/plans/gold").await.refused(404, "plan_not_found");
}

#[tokio::test]
async fn another_accounts_subscription_is_nobodys() {
    let world = World::start().await;
    let (owner, other) = (newcomer(&world).await, newcomer(&world).await);
    let subscription = bought(&world, &owner, "dev", "month").await;
    for (path, body) in [
        ("/subscription/cancel", json!({"subscription_id": subscription})),
        ("/subscription/resume", json!({"subscription_id": subscription})),
        ("/subscription/change", json!({"subscription_id": subscription, "plan": "team"})),
        ("/subscription/cancel", json!({})),
        ("/subscription/portal", json!({})),
    ] {
        ask(&world, &other, path, &body).await.refused(404, "subscription_not_found");
    }
    let shown = show(&world, &other, "/user/plan").await;
    assert_eq!(shown["subscription"], Value::Null);
    let page =
        ask(&world, &owner, "/subscription/portal", &json!({"return_url": "https://shop.example"})).await.success();
    let visit = world.platform.stripe.object(page["id"].as_str().expect("an id")).expect("a visit");
    assert_eq!((&visit["return_url"], &visit["url"]), (&json!("https://shop.example"), &page["url"]));
}
