//! What a hit is: the same answer, for nothing, without a provider.

use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::Watch;
use tests::wire::{WIRES, each_form, each_format};
use tests::world::{CREDIT, MODEL, Route, World};

use super::{ask, hello, is_hit};

/// A text without what is told of its own call's cost.
fn without_cost(answer: &Answer) -> String {
    let cost = |text: &str| {
        text.split("\"cost\":")
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c)).to_owned())
            .collect::<String>()
    };
    cost(&answer.text).replace("\"from_cache\":true,", "").replace(",\"from_cache\":true", "")
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_for_nothing_with_one_redis_call() {
    each_form(async |wire, stream, deployment| {
        let world = World::of(deployment, &[]).await;
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let control = world.platform.providers.control();
        control.record(true);
        let mut body = hello(wire, stream);
        if stream {
            for (name, value) in wire.with_usage(true).as_object().expect("members") {
                body[name] = value.clone();
            }
        }
        let first = ask(&world, wire, &account.key, &body, &[]).await;
        assert!(!is_hit(&first));
        assert_eq!(first.header("x-gateway-cache"), "miss");
        let paid = world.money(account.id).await;
        assert!(paid.0 < CREDIT);
        let source = world.newest_call().await;
        let watch = Watch::new(&world);
        let again = ask(&world, wire, &account.key, &body, &[]).await;
        assert!(is_hit(&again), "{}", wire.name);
        assert_eq!(
            (watch.evals(), watch.functions()),
            (1, vec!["begin_request".to_owned(), "finish_request".to_owned()])
        );
        assert_eq!(control.requests().len(), 1, "no provider is asked");
        // The same to the byte, but for what it costs.
        assert_eq!((without_cost(&again), again.content(wire)), (without_cost(&first), first.content(wire)));
        assert_eq!(again.header("content-type"), first.header("content-type"));
        let usages: Vec<Value> = if stream { again.events() } else { vec![again.json()] };
        let costs: Vec<f64> =
            usages.iter().map(|it| wire.usage(it)).filter_map(|usage| usage["cost"].as_f64()).collect();
        assert!(!costs.is_empty() && costs.iter().all(|cost| *cost == 0.0), "{}: {}", wire.name, again.text);
        assert!(again.text.contains("\"from_cache\":true") && !first.text.contains("from_cache"), "{}", again.text);
        // Nothing is charged, reserved or left; the request counts and is on record.
        assert_eq!(world.money(account.id).await, paid);
        let call = world.newest_call().await;
        assert_eq!(
            (&call["replayed_call"], &call["cost"], &call["outcome"]),
            (&source["call_id"], &json!(0), &json!("completed"))
        );
        assert_eq!(
            (&call["provider"], &call["prompt_tokens"], &call["own_key"]),
            (&Value::Null, &json!(0), &json!(false))
        );
        let counted = format!("select month_requests from gateway.accounts where id = '{}'", account.id);
        assert_eq!(world.value(&counted).await, json!(2));
        assert_ne!(again.header("x-generation-id"), first.header("x-generation-id"));
        assert_eq!(again.header("x-openrouter-cache-source-id"), first.header("x-generation-id"));
        let path = format!("/api/v1/generation?id={}", again.header("x-generation-id"));
        let shown = Answer::to(world.get(&path, &account.key)).await.success();
        assert_eq!(shown["data"]["response_cache_source_id"], first.header("x-generation-id"));
        let logged = Answer::to(world.get("/user/activity/log?limit=1", &account.key)).await.success();
        assert_eq!(logged["data"][0]["replayed_call"], source["call_id"]);
        // Whoever does not ask for it has a new one.
        assert!(!is_hit(&Answer::to(world.call(wire, &account.key, &body)).await));
        world.settled().await;
        assert_eq!(control.requests().len(), 2);
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_else_and_nothing_else_gets_it_nor_anybody_when_its_time_is_over() {
    each_format(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        world.serves(wire, "standin/normal").await;
        world.model("test/other", &[Route::new(wire.provider, "standin/normal")]).await;
        let (account, stranger) = (world.account(CREDIT).await, world.account(CREDIT).await);
        let body = hello(wire, false);
        let ttl = [("x-openrouter-cache-ttl", "60")];
        assert!(!is_hit(&ask(&world, wire, &account.key, &body, &ttl).await));
        assert!(!is_hit(&ask(&world, wire, &stranger.key, &body, &[]).await), "another account's");
        let other_key = world.another_key(&account, "inference").await;
        assert!(is_hit(&ask(&world, wire, &other_key.key, &body, &[]).await), "another key of the account's");
        let mut others =
            vec![wire.hello(&json!({"temperature": 0.5})), wire.say("Hello!", &json!({})), hello(wire, true)];
        others.push(wire.hello(&json!({"model": "test/other"})));
        others.push(wire.hello(&json!({"provider": {"sort": "price"}})));
        for mut other in others {
            if body.get("store").is_some() {
                other["store"] = json!(false);
            }
            assert!(!is_hit(&ask(&world, wire, &account.key, &other, &[]).await), "{other}");
        }
        // A key that may not use the model gets no answer of it.
        world.change_key(&other_key, "allowed_models = '{other/*}'").await;
        ask(&world, wire, &other_key.key, &body, &[]).await.refused(403, "model_not_allowed");
        let hit = ask(&world, wire, &account.key, &body, &[]).await;
        assert!(is_hit(&hit));
        let left: u64 = hit.header("x-openrouter-cache-ttl").parse().expect("seconds");
        assert!((1..=60).contains(&left), "{left}");
        world.platform.upstash.advance_clock(Duration::from_secs(61)).expect("a clock that can be moved");
        assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await), "its time is over");
    })
    .await;
}

#[tokio::test]
async fn a_cached_answer_uses_no_tokens_of_a_limit() {
    let world = World::start().await;
    let (wire, account) = (&WIRES[0], world.account(CREDIT).await);
    // Room for two calls that may write so much, and not for three.
    world.limit(account.id, &json!({"tokens_per_day": 250})).await;
    let body = wire.hello(&json!({"max_tokens": 100}));
    assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    for _ in 0..4 {
        assert!(is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn limits_that_have_changed_give_no_tokens_back_for_a_cached_answer_that_took_none() {
    let world = World::start().await;
    let (wire, account) = (&WIRES[0], world.account(CREDIT).await);
    world.serves(wire, "standin/usage").await;
    // The first call has used 150. There is room for one more like it, which reserves 121, and for none that may write twice as much.
    world.limit(account.id, &json!({"tokens_per_day": 300})).await;
    let body = wire.hello(&json!({"max_tokens": 100}));
    assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    // Redis lets the next one in under the limits that it remembers, and is asked again under these.
    world.limit(account.id, &json!({"requests_per_day": 1_000})).await;
    assert!(is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    let longer = wire.hello(&json!({"max_tokens": 200}));
    ask(&world, wire, &account.key, &longer, &[]).await.limited("rate_limit_exceeded", "tokens_per_day");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_alias_that_means_another_model_gets_that_models_answer() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.model("test/newer", &[Route::new("openrouter", "standin/normal")]).await;
    world.sql(&format!("insert into gateway.model_aliases (alias, model_id) values ('test/latest', '{MODEL}')")).await;
    let body = WIRES[0].hello(&json!({"model": "test/latest"}));
    for hits in [false, true] {
        assert_eq!(is_hit(&ask(&world, &WIRES[0], &account.key, &body, &[]).await), hits);
    }
    world.sql("update gateway.model_aliases set model_id = 'test/newer' where alias = 'test/latest'").await;
    for hits in [false, true] {
        assert_eq!(is_hit(&ask(&world, &WIRES[0], &account.key, &body, &[]).await), hits);
    }
    world.assert_ledger_clean().await;
}
