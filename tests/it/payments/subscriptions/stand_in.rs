//! Stripe's stand-in is as strict about plans as Stripe, and what it shows has the shape that Stripe gives it since endive.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::super::shop::deliver;
use super::shop::{bought, newcomer, travel};

async fn ask(world: &World, path: &str, body: &str) -> Answer {
    let stripe = &world.platform.stripe;
    let request = world.http.post(format!("{}/v1/{path}", stripe.url())).bearer_auth(stripe.key());
    let request = request.header("stripe-version", "2026-10-28.endive");
    Answer::to(request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())).await
}

async fn get(world: &World, path: &str) -> Answer {
    let stripe = &world.platform.stripe;
    Answer::to(world.http.get(format!("{}/v1/{path}", stripe.url())).bearer_auth(stripe.key())).await
}

#[tokio::test]
async fn what_stripe_refuses_of_plans_is_refused() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let subscription = bought(&world, &account, "dev", "month").await;
    let now = world.platform.stripe.object(&subscription).expect("a subscription");
    let item = now["items"]["data"][0]["id"].as_str().expect("an id").to_owned();
    let team = world.platform.stripe.all("price").into_iter().find(|price| price["lookup_key"] == "team_month");
    let team = team.expect("a price")["id"].as_str().expect("an id").to_owned();
    let page = "mode=subscription&success_url=https%3A%2F%2Fa.example&line_items[0][quantity]=1&line_items[0][price]=";
    let change = format!("subscriptions/{subscription}");
    let upgrade = format!("items[0][price]={team}&proration_behavior=none&payment_behavior=error_if_incomplete");
    for (path, body, expected) in [
        ("checkout/sessions", format!("{page}price_nobody"), (404, "resource_missing")),
        ("checkout/sessions", format!("{page}{team}&payment_intent_data[metadata][a]=b"), (400, "parameter_unknown")),
        ("checkout/sessions", format!("mode=subscription&line_items[0][price]={team}"), (400, "parameter_missing")),
        // The anchor is an object since endive.
        (&change, format!("{upgrade}&items[0][id]={item}&billing_cycle_anchor=now"), (400, "parameter_unknown")),
        (&change, format!("{upgrade}&items[0][id]={item}&billing_cycle_anchor[type]=soon"), (400, "parameter_invalid")),
        (&change, format!("{upgrade}&items[0][id]=si_x&billing_cycle_anchor[type]=now"), (400, "resource_missing")),
        (&change, "cancel_at_period_end=yes".to_owned(), (400, "parameter_invalid")),
        ("subscriptions/sub_nobody", "cancel_at_period_end=true".to_owned(), (404, "resource_missing")),
        ("subscription_schedules", "from_subscription=sub_nobody".to_owned(), (404, "resource_missing")),
        (
            "subscription_schedules",
            format!("from_subscription={subscription}&phases[0][iterations]=1"),
            (400, "parameter_unknown"),
        ),
        ("subscription_schedules/sub_sched_nobody/release", String::new(), (404, "resource_missing")),
        ("billing_portal/sessions", "return_url=https%3A%2F%2Fa.example".to_owned(), (400, "parameter_missing")),
        ("billing_portal/sessions", "customer=cus_nobody".to_owned(), (404, "resource_missing")),
    ] {
        let answer = ask(&world, path, &body).await;
        let code = answer.json()["error"]["code"].clone();
        assert_eq!((answer.status, code.as_str()), (expected.0, Some(expected.1)), "{path} {body}");
    }
    assert_eq!(world.platform.stripe.object(&subscription).expect("a subscription"), now);
    // What a schedule manages is not changed past it.
    let schedule = ask(&world, "subscription_schedules", &format!("from_subscription={subscription}")).await.success();
    for (path, body) in [
        (change.as_str(), "cancel_at_period_end=true".to_owned()),
        ("subscription_schedules", format!("from_subscription={subscription}")),
    ] {
        assert_eq!(ask(&world, path, &body).await.json()["error"]["code"], "invalid_request", "{path}");
    }
    let release = format!("subscription_schedules/{}/release", schedule["id"].as_str().expect("an id"));
    ask(&world, &release, "").await.success();
    assert_eq!(ask(&world, &release, "").await.status, 400);
    world.platform.stripe.act("end", &subscription, &[]).expect("it ends");
    let answer = ask(&world, &change, "cancel_at_period_end=true").await;
    assert_eq!(answer.json()["error"]["code"], "invalid_canceled_subscription_fields");
}

#[tokio::test]
async fn a_subscription_and_its_invoice_have_the_shape_of_the_pinned_version() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-31T10:00:00Z").await;
    let subscription = bought(&world, &account, "dev", "month").await;
    let shown = get(&world, &format!("subscriptions/{subscription}")).await.success();
    let item = &shown["items"]["data"][0];
    assert!(shown.get("current_period_end").is_none() && item["current_period_end"].is_i64(), "{shown}");
    for kept in ["pays_with", "anchor", "nth", "next_price", "waits"] {
        assert!(shown.get(kept).is_none(), "{kept}");
    }
    let invoice =
        get(&world, &format!("invoices/{}", shown["latest_invoice"].as_str().expect("an id"))).await.success();
    for gone in ["payment_intent", "charge", "paid", "subscription"] {
        assert!(invoice.get(gone).is_none(), "{gone}");
    }
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], json!(subscription));
    let line = &invoice["lines"]["data"][0];
    assert_eq!(
        (&line["parent"]["type"], &line["pricing"]["price_details"]["price"], &line["period"]["end"]),
        (&json!("subscription_item_details"), &item["price"]["id"], &item["current_period_end"])
    );
    let paid =
        get(&world, &format!("invoice_payments?invoice={}", invoice["id"].as_str().expect("an id"))).await.success();
    let intent = paid["data"][0]["payment"]["payment_intent"].as_str().expect("an intent").to_owned();
    // What a subscription is paid by does not inherit its metadata.
    assert_eq!(world.platform.stripe.object(&intent).expect("an intent")["metadata"], json!({}));
}

#[tokio::test]
async fn a_newcomer_buys_and_manages_a_plan_in_the_browser() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let subscription = bought(&world, &account, "dev", "month").await;
    let visit = super::shop::ask(&world, &account, "/subscription/portal", &json!({})).await.success();
    let stripe = &world.platform.stripe;
    let pages = pages_of(&world).await;
    let path = format!("/_local/stripe/portal/{}", visit["id"].as_str().expect("an id"));
    let page = Answer::to(world.http.get(format!("{pages}{path}"))).await;
    assert!(page.text.contains(&subscription) && page.text.contains("End with the period"), "{}", page.text);
    let form =
        world.http.post(format!("{pages}/_local/stripe/cancel/{subscription}")).header("accept", "application/json");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("");
    assert_eq!(Answer::to(form).await.success()["cancel_at_period_end"], true);
    deliver(&world).await;
    let own = super::shop::show(&world, &account, "/user/plan").await;
    assert_eq!(own["subscription"]["cancel_at"], own["subscription"]["period_end"]);
    let ahead = world.http.post(format!("{pages}/_local/stripe/advance")).header("accept", "application/json");
    let ahead = ahead.header("content-type", "application/x-www-form-urlencoded").body("seconds=3000000");
    assert_eq!(Answer::to(ahead).await.status, 200);
    assert_eq!(stripe.object(&subscription).expect("a subscription")["status"], Value::from("canceled"));
}

/// The stand-in's pages on a port of their own.
async fn pages_of(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = world.platform.stripe.pages();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
