//! The same of a plan at the same time: paid once, credited once.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::super::facts::{applied, applied_as};
use super::super::shop::{deliver, post};
use super::facts::Subscribed;
use super::shop::{ask, bought, buy, cents, newcomer, pay, show};

const YEAR: (&str, &str) = ("2027-01-31T00:00:00Z", "2028-01-31T00:00:00Z");

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_told_of_a_plan_at_once_is_one_credit_and_no_refund_is_missed() {
    let Some(world) = World::concurrent("all that is told of a plan at once").await else { return };
    world.set_clock("2027-01-31T06:00:00Z").await;
    for _ in 0..40 {
        let bought = Subscribed::new(&world, &newcomer(&world).await, "dev_year", YEAR, 29_000).await;
        let told = [
            bought.looked_at(1, "active", &json!({})),
            bought.looked_at(5, "active", &json!({"cancel_at": "2028-01-31T00:00:00Z"})),
            bought.invoice_paid(2),
            bought.invoice_paid(3),
            bought.linked(),
            bought.refund("a", 14_500, "succeeded"),
        ];
        let again = applied_as(&format!("evt_{}", bought.id.simple()), &bought.invoice_paid(4));
        let told = told.iter().map(applied).chain([again.clone(), again]).map(|event| format!("select {event}"));
        let told: Vec<String> = told.collect();
        join_all(told.iter().map(|sql| world.value(sql))).await;
        assert_eq!(
            bought.stands(&world).await,
            json!([["succeeded", 174_000_000_000_i64, true], 29_000_000_000_i64, 0, "dev", "2028-01-31T00:00:00+00:00",
                   "2027-02-28T00:00:00+00:00", {"due": 5, "granted": 1, "void": 6}])
        );
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_asked_for_ten_times_at_once_is_paid_once() {
    let Some(world) = World::concurrent("an upgrade that is asked for ten times at once").await else { return };
    let account = newcomer(&world).await;
    bought(&world, &account, "dev", "month").await;
    let change = json!({"plan": "team"});
    let answers = join_all((0..10).map(|_| ask(&world, &account, "/subscription/change", &change))).await;
    // While one is under way Stripe lets no other one in.
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 503].contains(&answer.status)), "{answers:?}");
    deliver(&world).await;
    let paid: Vec<_> = world.platform.stripe.all("invoice").into_iter().filter(|one| one["status"] == "paid").collect();
    assert_eq!((paid.len(), cents(&world, &account).await), (2, 2_900 + 9_900));
    world.assert_ledger_clean().await;
}

/// Leads to the stand-in, and lets changes of subscriptions through in pairs only: each has seen what was before the other.
async fn pairing(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stripe, http) = (world.platform.stripe.url().to_owned(), world.http.clone());
    let both = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let through = move |request: axum::extract::Request| {
        let (stripe, http, both) = (stripe.clone(), http.clone(), both.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1_000_000).await.expect("a body");
            if parts.method == "POST" && parts.uri.path().starts_with("/v1/subscriptions/") {
                both.wait().await;
            }
            let mut headers = parts.headers;
            headers.remove("host");
            let sent = http.request(parts.method, format!("{stripe}{}", parts.uri)).headers(headers).body(body);
            let answer = sent.send().await.expect("an answer");
            (answer.status(), answer.text().await.expect("a text"))
        }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(through)).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_upgrades_that_have_both_seen_the_former_plan_are_one() {
    let Some(world) = World::concurrent("two upgrades that have both seen the former plan").await else { return };
    let account = newcomer(&world).await;
    bought(&world, &account, "dev", "month").await;
    let gateway = world.another_gateway_with(&[("STRIPE_BASE_URL", &pairing(&world).await)]).await;
    let upgrade = || {
        let request = world.http.post(format!("{gateway}/subscription/change")).bearer_auth(&account.key);
        Answer::to(request.header("content-type", "application/json").body(r#"{"plan":"team"}"#))
    };
    let (one, other) = tokio::join!(upgrade(), upgrade());
    assert_eq!((&one.success()["plan"], &other.success()["plan"]), (&json!("team"), &json!("team")));
    deliver(&world).await;
    assert_eq!((world.platform.stripe.all("invoice").len(), cents(&world, &account).await), (2, 2_900 + 9_900));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_fall_due_under_many_calls_are_granted_once() {
    let Some(world) = World::concurrent("months that fall due under many calls").await else { return };
    let account = newcomer(&world).await;
    buy(&world, &account, "dev", "year").await;
    deliver(&world).await;
    world
        .sql(
            "update gateway.instalments set due_at = due_at - interval '40 days', period_end = period_end - interval '40 days';
             update gateway.accounts set next_instalment = (select min(due_at) from gateway.instalments where state = 'due')",
        )
        .await;
    let body = tests::world::hello(&json!({"max_tokens": 10}));
    let calls = join_all((0..20).map(|_| Answer::to(world.chat(&account.key, &body))));
    let looks = join_all((0..10).map(|_| show(&world, &account, "/user/balance")));
    let (calls, _) = tokio::join!(calls, looks);
    assert!(calls.iter().all(|answer| answer.status == 200), "{calls:?}");
    world.settled().await;
    assert_eq!(
        world.value("select count(*) from gateway.instalments where state = 'granted'").await,
        world.value("select count(*) from gateway.credit_grants where source = 'subscription'").await
    );
    assert_eq!(world.value("select count(*) from gateway.credit_grants where live").await, json!(1));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_requests_at_once_know_one_customer() {
    let Some(world) = World::concurrent("two first requests at once").await else { return };
    let account = newcomer(&world).await;
    let body = json!({"plan": "dev"});
    let pages = join_all((0..4).map(|_| ask(&world, &account, "/subscription/checkout", &body))).await;
    let customers: std::collections::BTreeSet<String> = pages
        .iter()
        .map(|page| {
            let session = page.success();
            let session = world.platform.stripe.object(session["id"].as_str().expect("an id")).expect("a session");
            session["customer"].as_str().expect("a customer").to_owned()
        })
        .collect();
    assert_eq!(customers.len(), 1);
    pay(&world, pages[0].success()["id"].as_str().expect("an id"));
    // Shuffled and doubled, as Stripe may.
    let mut events = world.platform.stripe.take_events();
    events.reverse();
    for event in events.iter().chain(&events) {
        post(&world, &event.body, Some(&world.platform.stripe.sign(&event.body))).await.success();
    }
    assert_eq!(cents(&world, &account).await, 2_900);
    world.assert_ledger_clean().await;
}
