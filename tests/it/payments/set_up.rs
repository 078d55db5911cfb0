//! What a deployment needs at Stripe is made by one command, which changes nothing the second time.

use std::collections::BTreeSet;

use local::stripe_command::{Found, Step, set_up};
use serde_json::{Value, json};
use shared::config::Config;
use shared::stripe::EVENTS;
use tests::world::World;

const GATEWAY: &str = "https://gateway.example";

async fn run(world: &World) -> Vec<Step> {
    run_with(world, &[]).await
}

async fn run_with(world: &World, further: &[(&str, &str)]) -> Vec<Step> {
    let set = |name: &str| further.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::from_lookup(|name| set(name).or_else(|| world.platform.variables().get(name).cloned()));
    set_up(config, GATEWAY).await.expect("it is set up")
}

fn found(steps: &[Step]) -> Vec<(&str, Found)> {
    steps.iter().map(|step| (step.what.as_str(), step.found)).collect()
}

fn step<'a>(steps: &'a [Step], what: &str) -> &'a Step {
    steps.iter().find(|step| step.what == what).expect("a step")
}

#[tokio::test]
async fn the_second_run_changes_nothing_and_what_has_drifted_is_mended() {
    let world = World::start().await;
    let stripe = &world.platform.stripe;
    let first = run(&world).await;
    // The stand-in has the plans' prices from the start.
    let prices = ["price dev_month", "price dev_year", "price team_month", "price team_year"];
    let mut expected: Vec<_> = prices.map(|price| (price, Found::Unchanged)).to_vec();
    expected.extend([("customers' page", Found::Made), ("webhook endpoint", Found::Made)]);
    assert_eq!(found(&first), expected);
    let endpoint = step(&first, "webhook endpoint");
    assert!(endpoint.secret.as_deref().is_some_and(|secret| secret.starts_with("whsec_")));
    let made = stripe.object(&endpoint.id).expect("an endpoint");
    assert_eq!(
        (&made["api_version"], &made["url"]),
        (&json!("2026-10-28.endive"), &json!("https://gateway.example/api/stripe/webhook"))
    );
    let events: BTreeSet<&str> =
        made["enabled_events"].as_array().expect("events").iter().filter_map(Value::as_str).collect();
    assert_eq!(events, EVENTS.iter().copied().collect());

    let asked = stripe.requests().len();
    let second = run(&world).await;
    assert!(second.iter().all(|step| step.found == Found::Unchanged && step.secret.is_none()), "{second:?}");
    assert_eq!(stripe.requests().len(), asked, "nothing is posted");

    // A plan costs something else, somebody has disabled the endpoint, and a product and its price are gone.
    world.sql("update gateway.plans set price_per_month = 31000000000 where id = 'dev'").await;
    stripe.act("forget", "prod_team", &[]).expect("it is gone");
    let url = format!("{}/v1/webhook_endpoints/{}", stripe.url(), endpoint.id);
    let form = "enabled_events[0]=charge.succeeded&disabled=true";
    let disabled = world.http.post(url).bearer_auth(stripe.key());
    let disabled = disabled.header("content-type", "application/x-www-form-urlencoded").body(form).send().await;
    assert_eq!(disabled.expect("an answer").status(), 200);
    let third = run(&world).await;
    assert_eq!(
        found(&third),
        [
            ("price dev_month", Found::Mended),
            ("price dev_year", Found::Unchanged),
            ("price team_month", Found::Made),
            ("price team_year", Found::Made),
            ("customers' page", Found::Mended),
            ("webhook endpoint", Found::Mended),
        ]
    );
    let price = stripe.object(&step(&third, "price dev_month").id).expect("a price");
    assert_eq!((&price["unit_amount"], &price["lookup_key"]), (&json!(3_100), &json!("dev_month")));
    let team = stripe.object(&step(&third, "price team_month").id).expect("a price");
    assert_eq!(team["product"], "plan_team");
    assert_eq!(stripe.object(&endpoint.id).expect("an endpoint")["status"], "enabled");
    assert!(run(&world).await.iter().all(|step| step.found == Found::Unchanged));
}

#[tokio::test]
async fn where_tax_is_computed_prices_say_once_that_it_comes_on_top() {
    let world = World::start().await;
    let taxed = [("STRIPE_TAX", "true")];
    let stripe = &world.platform.stripe;
    stripe.act("forget", "prod_team", &[]).expect("it is gone");
    let steps = run_with(&world, &taxed).await;
    assert_eq!(
        found(&steps)[..4],
        [
            ("price dev_month", Found::Mended),
            ("price dev_year", Found::Mended),
            ("price team_month", Found::Made),
            ("price team_year", Found::Made),
        ]
    );
    for step in &steps[..4] {
        assert_eq!(stripe.object(&step.id).expect("a price")["tax_behavior"], "exclusive", "{}", step.what);
    }
    assert!(run_with(&world, &taxed).await.iter().all(|step| step.found == Found::Unchanged));
}

#[tokio::test]
async fn an_endpoint_of_another_version_is_replaced_and_its_secret_is_told() {
    let world = World::start().await;
    let stripe = &world.platform.stripe;
    let form = "url=https%3A%2F%2Fgateway.example%2Fapi%2Fstripe%2Fwebhook&enabled_events[0]=*&api_version=2024-06-20";
    let older = world.http.post(format!("{}/v1/webhook_endpoints", stripe.url())).bearer_auth(stripe.key());
    let older =
        older.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.expect("made");
    let older: Value = serde_json::from_str(&older.text().await.expect("a body")).expect("JSON");
    let steps = run(&world).await;
    let endpoint = step(&steps, "webhook endpoint");
    assert_eq!((endpoint.found, endpoint.secret.is_some()), (Found::Mended, true));
    assert_eq!(stripe.object(older["id"].as_str().expect("an id")).expect("it")["deleted"], true);
}

#[tokio::test]
async fn what_is_no_address_that_stripe_reaches_is_refused() {
    let world = World::start().await;
    let config = Config::from_lookup(|name| world.platform.variables().get(name).cloned());
    let refused = set_up(config, "gateway.example").await.expect_err("refused").to_string();
    assert!(refused.contains("https://"), "{refused}");
}
