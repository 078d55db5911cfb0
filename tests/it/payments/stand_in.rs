//! Stripe's stand-in is as strict as Stripe.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

/// A request to the stand-in with these headers.
async fn ask(world: &World, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let stripe = &world.platform.stripe;
    let mut request = world.http.post(format!("{}/v1/{path}", stripe.url())).bearer_auth(stripe.key());
    request = request.header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request.body(body.to_owned())).await
}

fn error(answer: &Answer) -> (u16, Value, Value) {
    let error = &answer.json()["error"];
    (answer.status, error["code"].clone(), error["param"].clone())
}

const SESSION: &str = "mode=payment&success_url=https%3A%2F%2Fa.example&line_items[0][quantity]=1\
    &line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=2500\
    &line_items[0][price_data][product_data][name]=Credits";

#[tokio::test]
async fn what_stripe_refuses_is_refused() {
    let world = World::start().await;
    let endive = [("stripe-version", "2026-10-28.endive")];
    for (path, body, expected) in [
        ("checkout/sessions", format!("{SESSION}&surprise=1"), (400, json!("parameter_unknown"), json!("surprise"))),
        (
            "checkout/sessions",
            SESSION.replace("success_url", "cancel_url"),
            (400, json!("parameter_missing"), json!("success_url")),
        ),
        ("checkout/sessions", SESSION.replace("2500", "49"), (400, json!("amount_too_small"), json!("line_items"))),
        (
            "checkout/sessions",
            SESSION.replace("2500", "2.5"),
            (400, json!("parameter_invalid"), json!("line_items[0][price_data][unit_amount]")),
        ),
        (
            "checkout/sessions",
            format!("{SESSION}&payment_method_types[0]=card"),
            (400, json!("payment_method_types_no_longer_supported"), json!("payment_method_types[0]")),
        ),
        ("checkout/sessions", format!("{SESSION}&customer=cus_nobody"), (404, json!("resource_missing"), json!("id"))),
        (
            "checkout/sessions",
            format!("{SESSION}&expires_at=1790000000"),
            (400, json!("parameter_invalid"), json!("expires_at")),
        ),
        ("payment_intents", "amount=10&currency=usd".to_owned(), (400, json!("amount_too_small"), json!("amount"))),
        ("refunds", "payment_intent=pi_nothing".to_owned(), (404, json!("resource_missing"), json!("id"))),
        ("nothing", String::new(), (404, json!("url_invalid"), Value::Null)),
    ] {
        assert_eq!(error(&ask(&world, path, &body, &endive).await), expected, "{path} {body}");
    }
    // Under the account's older version the list of methods is still taken.
    assert_eq!(
        ask(&world, "checkout/sessions", &format!("{SESSION}&payment_method_types[0]=card"), &[]).await.status,
        200
    );
    assert_eq!(ask(&world, "customers", "", &[("stripe-version", "tomorrow")]).await.status, 400);
    for key in ["sk_live_1", "sk_test_another"] {
        let request = world.http.get(format!("{}/v1/events", world.platform.stripe.url())).bearer_auth(key);
        assert_eq!(Answer::to(request).await.status, 401, "{key}");
    }
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_result_again_and_takes_no_other_parameters() {
    let world = World::start().await;
    let key = [("idempotency-key", "one")];
    let first = ask(&world, "customers", "email=a%40a.example&metadata[a]=1", &key).await;
    let again = ask(&world, "customers", "metadata[a]=1&email=a%40a.example", &key).await;
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.json(), again.json());
    let other = ask(&world, "customers", "email=b%40a.example", &key).await;
    assert_eq!((other.status, &other.json()["error"]["type"]), (400, &json!("idempotency_error")));
    // What was not valid has not used its key.
    let key = [("idempotency-key", "two")];
    assert_eq!(ask(&world, "payment_intents", "amount=1&currency=usd", &key).await.status, 400);
    assert_eq!(ask(&world, "payment_intents", "amount=1000&currency=usd", &key).await.status, 200);
    // A day later it is another request.
    world.platform.stripe.advance(25 * 3600);
    assert_ne!(
        ask(&world, "customers", "email=a%40a.example", &[("idempotency-key", "one")]).await.json(),
        first.json()
    );
}

#[tokio::test]
async fn a_refund_is_at_most_what_is_left_of_its_charge() {
    let world = World::start().await;
    let intent =
        ask(&world, "payment_intents", "amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa", &[])
            .await
            .success();
    assert_eq!(intent["status"], "succeeded");
    let id = intent["id"].as_str().expect("an id");
    let refund = |cents: &str| {
        let body = format!("payment_intent={id}&amount={cents}");
        let world = &world;
        async move { ask(world, "refunds", &body, &[]).await }
    };
    refund("400").await.success();
    assert_eq!(error(&refund("601").await).1, "parameter_invalid");
    refund("600").await.success();
    assert_eq!(error(&refund("1").await).1, "charge_already_refunded");
    let declined = ask(
        &world,
        "payment_intents",
        "amount=1000&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined",
        &[],
    )
    .await;
    assert_eq!((declined.status, &declined.json()["error"]["type"]), (402, &json!("card_error")));
}
