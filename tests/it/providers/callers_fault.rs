//! What the caller's own content and parameters cause at a provider is the caller's to mend: they hear it in the provider's
//! words, and nobody else is sent past that provider for it.

use local::upstash::Reply;
use serde_json::json;
use tests::wire::{Wire, each, forms};
use tests::world::{Deployment, Route, World};

use super::fake::{provider as fake, response};
use super::{CREDIT, ask, ask_at, body, dearer, provider, with_fallback};

/// Failures in a row that open a breaker.
const FAILURES: usize = 5;

/// Status and body at the provider; then status, code, message and param here.
type Refusal = (u16, &'static str, u16, &'static str, &'static str, Option<&'static str>);

/// What a provider answers, and what the caller hears: status, code, message and param.
const REFUSALS: &[Refusal] = &[
    (
        403,
        r#"{"error":{"message":"Your input was flagged","code":403,"metadata":{"reasons":["violence"],"provider_name":"X"}}}"#,
        403,
        "upstream_rejected",
        "Your input was flagged",
        None,
    ),
    (
        400,
        r#"{"error":{"message":"Invalid value\nfor 'seed' (account org-abc1, key ****3f9c, 10.0.0.1)","param":"seed"}}"#,
        400,
        "upstream_rejected",
        "Invalid value for 'seed' (account […] key […] […]",
        Some("seed"),
    ),
    (413, r#"{"error":"images are too large"}"#, 413, "upstream_rejected", "images are too large", None),
    (422, r#"{"detail":[{"loc":["body","n"],"msg":"too many"}]}"#, 422, "upstream_rejected", "too many", Some("n")),
    (400, "<html>", 400, "upstream_rejected", "The provider refused the request.", None),
];

/// The failures in a row that are counted against a route.
async fn counted(world: &World, wire: &Wire, model: &str) -> Reply {
    let route = format!("{}:{model}", wire.provider);
    world.platform.upstash.execute(&["HGET", "breaker", &route]).await.expect("HGET")
}

/// Asks the wire's provider, which refuses so, as often as would open a breaker.
async fn refused(deployment: &Deployment, wire: &Wire, refusal: &Refusal, stream: bool) {
    let world = World::of(deployment, &[]).await;
    let account = world.account(CREDIT).await;
    let (status, text, told_status, code, message, param) = *refusal;
    let raw = response(status, "application/json", text);
    let url = fake(move |_| Some(raw.clone())).await;
    let gateway = world.another_gateway_with(&[(&wire.variable("BASE_URL"), &url)]).await;
    with_fallback(wire, &world, "normal").await;
    for _ in 0..FAILURES {
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        let error = answer.refused(told_status, code);
        assert_eq!((&error["message"], &error["param"]), (&json!(message), &json!(param)), "{text}");
        assert_eq!(error["provider"], wire.provider);
    }
    assert!(matches!(counted(&world, wire, wire.model).await, Reply::Nil), "{text}");
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
}

#[tokio::test]
async fn a_refusal_is_the_callers_in_the_providers_words_and_counts_against_nobody() {
    each(async |wire, deployment| {
        for (refusal, stream) in REFUSALS.iter().zip([false, true].into_iter().cycle()) {
            refused(deployment, wire, refusal, stream).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_prompt_that_is_too_long_has_one_code_whoever_says_so() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let text = r#"{"object":"error","message":"This model's maximum context length is 8 tokens.","code":400}"#;
    let url = fake(move |_| Some(response(400, "application/json", text))).await;
    for (wire, stream) in forms() {
        let gateway = world.another_gateway_with(&[(&wire.variable("BASE_URL"), &url)]).await;
        with_fallback(wire, &world, "normal").await;
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        let error = answer.refused(400, "context_length_exceeded");
        let member = wire.prompt();
        assert_eq!((&error["param"], &error["provider"]), (&json!(member), &json!(wire.provider)));
        // In messages, what Claude Code looks for stands before it.
        let told = error["message"].as_str().expect("a message");
        assert!(told.ends_with("This model's maximum context length is 8 tokens."), "{told}");
    }
}

#[tokio::test]
async fn what_fails_at_one_model_says_nothing_of_the_providers_others() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        with_fallback(wire, &world, "status?code=500").await;
        for _ in 0..FAILURES {
            assert_eq!(ask(wire, &world, &account.key, &body(wire, false)).await.status, 200);
        }
        assert!(!matches!(counted(&world, wire, wire.model).await, Reply::Nil));
        let other = &format!("{}-other", wire.model);
        let routes = [Route::new(wire.provider, "standin/normal"), dearer("chutes", "standin/normal")];
        world.model(other, &routes).await;
        let answer = ask(wire, &world, &account.key, &wire.hello(&json!({"model": other}))).await;
        assert_eq!((answer.status, provider(&answer)), (200, wire.provider));
    })
    .await;
}
