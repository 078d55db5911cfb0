//! Calls that go to a provider with the caller's own key.

use local::upstash::{Engine, Reply};
use serde_json::json;
use tests::answer::Answer;
use tests::wire::WIRES;
use tests::world::{Deployment, MODEL, Route, World, hello, nanos};

use super::{OWN, recorded, second_route, served_by, with_own_key, with_own_key_of};

#[tokio::test]
async fn an_own_key_opens_a_provider_at_which_the_operator_has_none() {
    let (world, account) = with_own_key().await;
    let without = world.another_gateway_with(&[("OPENROUTER_API_KEY", "")]).await;
    let request = world.http.post(format!("{without}/v1/chat/completions")).bearer_auth(&account.key);
    let answer = Answer::to(request.json(&hello(&json!({})))).await.success();
    assert_eq!(served_by(&answer), "openrouter");
    world.settled().await;
}

#[tokio::test]
async fn a_call_with_an_own_key_needs_no_credit_costs_nothing_and_is_counted() {
    let deployment = Deployment::new().await;
    for wire in &WIRES {
        let (world, account) = with_own_key_of(&deployment, wire).await;
        let control = world.platform.providers.control();
        control.record(true);
        for stream in [false, true] {
            let request = world.call(wire, &account.key, &wire.hello(&json!({"stream": stream})));
            assert_eq!(Answer::to(request).await.status, 200);
        }
        let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await.success();
        assert_eq!((served_by(&answer), nanos(&wire.usage(&answer)["cost"])), (wire.provider, 0));
        world.settled().await;
        for request in control.requests() {
            let header = match wire.provider {
                "portkey" => "x-portkey-api-key",
                "anthropic" => "x-api-key",
                _ => "authorization",
            };
            let sent = request.headers.iter().find(|(name, _)| name == header).expect("a key");
            assert_eq!(sent.1.trim_start_matches("Bearer "), OWN);
        }
        let call = json!({"cost": 0, "own_key": true, "provider": wire.provider, "outcome": "completed"});
        assert_eq!(recorded(&world, &account).await, json!([call, call, call]));
        assert_eq!(world.money(account.id).await, (0, 0, 0));
        let counted = format!("select month_requests from gateway.accounts where id = '{}'", account.id);
        assert_eq!(world.value(&counted).await, json!(3));
        let used = "select last_used_at is not null from gateway.provider_keys where account_id";
        assert_eq!(world.value(&format!("{used} = '{}'", account.id)).await, json!(true));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn an_account_with_credit_is_not_charged_either() {
    let (world, account) = with_own_key().await;
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
}

#[tokio::test]
async fn what_an_own_key_fails_at_never_falls_back_to_our_account() {
    let deployment = Deployment::new().await;
    for wire in &WIRES {
        let (world, account) = with_own_key_of(&deployment, wire).await;
        world.grant(account.id, 1_000_000_000, "purchase", None).await;
        second_route(wire, &world).await;
        let control = world.platform.providers.control();
        control.record(true);
        for (behaviour, status, code) in [
            ("status?code=500", 502, "upstream_error"),
            ("status?code=429", 429, "upstream_rate_limited"),
            ("status?code=401", 401, "provider_key_rejected"),
            ("status?code=402", 402, "provider_key_rejected"),
            ("status?code=403", 403, "provider_key_rejected"),
            ("refuse", 502, "upstream_error"),
        ] {
            control.set(wire.provider, Some(behaviour)).expect("a behaviour");
            for stream in [false, true] {
                let body = wire.hello(&json!({"stream": stream}));
                let answer = Answer::to(world.call(wire, &account.key, &body)).await;
                assert_eq!(answer.refused(status, code)["provider"], wire.provider, "{behaviour}");
            }
        }
        world.settled().await;
        assert!(control.requests().iter().all(|request| request.provider == wire.provider));
        assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_key_that_its_provider_does_not_know_is_the_callers_error() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.own_key(account.id, "openrouter", "sk-nobody-0123456789").await;
    let answer = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
    let error = answer.refused(401, "provider_key_rejected");
    assert_eq!(error["provider"], "openrouter");
    assert!(!answer.text.contains("6789"), "the provider's words are not passed on: {}", answer.text);
}

#[tokio::test]
async fn a_request_may_still_ask_for_our_account_at_another_provider() {
    let (world, account) = with_own_key().await;
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    second_route(&WIRES[0], &world).await;
    for body in [
        hello(&json!({"provider": {"only": ["chutes"]}})),
        hello(&json!({"provider": {"ignore": ["openrouter"]}})),
        hello(&json!({"model": format!("chutes:{MODEL}")})),
    ] {
        let answer = world.completion(&account.key, &body).await;
        assert_eq!(served_by(&answer), "chutes");
        assert!(nanos(&answer["usage"]["cost"]) > 0);
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_model_that_the_own_keys_provider_has_not_is_served_by_our_account() {
    let (world, account) = with_own_key().await;
    world.model("test/elsewhere", &[Route::new("chutes", "standin/normal")]).await;
    let body = hello(&json!({"model": "test/elsewhere"}));
    Answer::to(world.chat(&account.key, &body)).await.refused(402, "insufficient_credits");
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    assert!(nanos(&world.completion(&account.key, &body).await["usage"]["cost"]) > 0);
}

#[tokio::test]
async fn an_own_key_opens_a_route_that_has_no_price() {
    let (world, account) = with_own_key().await;
    world.sql("update gateway.model_routes set prompt_price = null, completion_price = null").await;
    let answer = world.completion(&account.key, &hello(&json!({}))).await;
    assert_eq!(nanos(&answer["usage"]["cost"]), 0);
    let other = world.account(1_000_000_000).await;
    Answer::to(world.chat(&other.key, &hello(&json!({})))).await.refused(503, "model_not_priced");
}

#[tokio::test]
async fn two_own_keys_fall_back_to_one_another() {
    let (world, account) = with_own_key().await;
    second_route(&WIRES[0], &world).await;
    let control = world.platform.providers.control();
    control.add_customer("chutes", OWN).expect("a provider");
    world.own_key(account.id, "chutes", OWN).await;
    control.set("openrouter", Some("status?code=500")).expect("a behaviour");
    let answer = world.completion(&account.key, &hello(&json!({}))).await;
    assert_eq!((served_by(&answer), nanos(&answer["usage"]["cost"])), ("chutes", 0));
}

#[tokio::test]
async fn an_answer_that_is_cut_or_never_says_its_usage_costs_nothing() {
    let deployment = Deployment::new().await;
    for wire in &WIRES {
        let (world, account) = with_own_key_of(&deployment, wire).await;
        world.sql("update gateway.models set reasoning = true where id = 'test/model'").await;
        for behaviour in ["no-usage", "cut", "reasoning?tokens=5"] {
            world.serves(wire, &format!("standin/{behaviour}")).await;
            for stream in [false, true] {
                Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"stream": stream})))).await;
            }
        }
        world.settled().await;
        assert_eq!(world.money(account.id).await, (0, 0, 0));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn nobodys_own_key_can_close_a_provider_for_all_others() {
    let (world, account) = with_own_key().await;
    let control = world.platform.providers.control();
    control.set("openrouter", Some("status?code=500")).expect("a behaviour");
    for _ in 0..10 {
        Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(502, "upstream_error");
    }
    world.settled().await;
    let route = format!("openrouter:{MODEL}");
    let breaker = world.platform.upstash.execute(&["HGET", "breaker", &route]).await.expect("HGET");
    assert!(matches!(breaker, Reply::Nil), "{breaker:?}");
}

#[tokio::test]
async fn the_limits_of_key_and_account_hold_for_own_keys_too() {
    let (world, account) = with_own_key().await;
    world.change_key(&account, "max_requests = 1").await;
    world.completion(&account.key, &hello(&json!({}))).await;
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(429, "request_limit_reached");
    world.change_key(&account, "max_requests = null, allowed_models = '{other/*}'").await;
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(403, "model_not_allowed");
}

#[tokio::test]
async fn our_virtual_key_goes_along_with_our_own_key_alone() {
    let ours = "vk-ours-0123456789";
    let world = World::with(Engine::InProcess, &[("PORTKEY_VIRTUAL_KEY", ours)]).await;
    let control = world.platform.providers.control();
    control.add_customer("portkey", OWN).expect("a provider");
    world.model(MODEL, &[Route::new("portkey", "standin/normal")]).await;
    let (buyer, owner) = (world.account(1_000_000_000).await, world.account(0).await);
    world.own_key(owner.id, "portkey", OWN).await;
    control.record(true);
    for (account, wanted) in [(&buyer, Some(ours)), (&owner, None)] {
        control.clear();
        world.completion(&account.key, &hello(&json!({}))).await;
        let sent = &control.requests()[0].headers;
        let shown = sent.iter().find(|(name, _)| name == "x-portkey-virtual-key").map(|(_, key)| key.as_str());
        assert_eq!(shown, wanted, "{sent:?}");
    }
}

#[tokio::test]
async fn someone_elses_own_key_is_never_used() {
    let (world, _) = with_own_key().await;
    let other = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    control.record(true);
    let answer = world.completion(&other.key, &hello(&json!({}))).await;
    assert!(nanos(&answer["usage"]["cost"]) > 0);
    let sent = format!("{:?}", control.requests()[0].headers);
    assert!(!sent.contains(OWN));
}
