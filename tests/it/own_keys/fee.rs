//! What the operator charges for calls with own keys, beyond those that are free.

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::facts::facts_with;
use tests::whole::WHOLES;
use tests::world::{Account, MODEL, Route, World, hello, nanos};
use uuid::Uuid;

use super::{OWN, recorded};

/// A gateway that charges a twentieth behind two free calls a month, and two accounts with credit: one has a key of its own.
async fn charging(further: &[(&str, &str)]) -> (World, Account, Account) {
    let variables = [&[("OWN_KEY_FEE_BP", "500"), ("OWN_KEY_FREE_MONTHLY", "2")], further].concat();
    let world = World::with(Engine::InProcess, &variables).await;
    // Prices of which a twentieth is no whole number of nano-dollars.
    world
        .model(
            MODEL,
            &[Route { prompt: 1_234_567_891, completion: 7_654_321_987, ..Route::new("openrouter", "standin/normal") }],
        )
        .await;
    world.platform.providers.control().add_customer("openrouter", OWN).expect("a provider");
    let (own, ours) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    world.own_key(own.id, "openrouter", OWN).await;
    (world, own, ours)
}

/// What the usage of an answer costs at this markup, by the database.
async fn price(world: &World, usage: &Value, markup: u32) -> i64 {
    let sql = format!(
        "select gateway.cost(candidate, '{{\"prompt\": {}, \"completion\": {}}}', {markup})
         from gateway.model_routes where model_id = '{MODEL}'",
        usage["prompt_tokens"], usage["completion_tokens"]
    );
    world.value(&sql).await.as_i64().expect("nano-dollars")
}

#[tokio::test]
async fn a_fee_is_charged_above_the_allowance_exactly_and_held_before() {
    let (world, own, ours) = charging(&[("PRICING_MARKUP_PERCENT", "5.5")]).await;
    let body = hello(&json!({"max_tokens": 100}));
    let usage = world.completion(&ours.key, &body).await["usage"].clone();
    assert_eq!(nanos(&usage["cost"]), price(&world, &usage, 10_550).await);
    // A twentieth of a price with a markup of 5.5 percent is 5.275 percent of it, and so 528 basis points.
    let fee = price(&world, &usage, 528).await;
    let held = || async {
        let sql = format!("select amount from gateway.holds where account_id = '{}' and state = 'open'", own.id);
        world.value(&sql).await
    };
    let control = world.platform.providers.control();
    for (call, cost) in [0, 0, fee, fee].into_iter().enumerate() {
        let gate = control.gate();
        let running = tokio::spawn(Answer::to(world.chat(&own.key, &body)));
        certain("the call at the provider", gate.wait_for(1)).await;
        let most = held().await.as_i64().expect("a hold");
        gate.release();
        let usage = running.await.expect("no panic").success()["usage"].clone();
        world.settled().await;
        assert_eq!(nanos(&usage["cost"]), cost, "call {call}");
        assert!(if cost == 0 { most == 0 } else { most >= cost && most < cost * 20 }, "call {call}: {most}");
    }
    // What fails is none of the free calls, and costs nothing.
    control.set("openrouter", Some("status?code=500")).expect("a behaviour");
    Answer::to(world.chat(&own.key, &body)).await.refused(502, "upstream_error");
    world.settled().await;
    assert_eq!(world.money(own.id).await, (1_000_000_000 - 2 * fee, 0, 0));
    let counted = format!("select month_own_requests from gateway.accounts where id = '{}'", own.id);
    assert_eq!(world.value(&counted).await, json!(4));
    let costs: Vec<i64> =
        recorded(&world, &own).await.as_array().expect("calls").iter().filter_map(|it| it["cost"].as_i64()).collect();
    assert_eq!(costs, [0, 0, fee, fee, 0]);
    control.set("openrouter", None).expect("a provider");
    // The next month has free calls of its own; and who cannot pay the fee is told so before anybody is asked.
    world.sql(&format!("update gateway.accounts set month = '2020-01-01' where id = '{}'", own.id)).await;
    assert_eq!(nanos(&world.completion(&own.key, &body).await["usage"]["cost"]), 0);
    world.settled().await;
    world.sql(&format!("update gateway.accounts set month_own_requests = 2 where id = '{}'", own.id)).await;
    let poor = world.account(0).await;
    world.own_key(poor.id, "openrouter", OWN).await;
    world.sql(&format!("update gateway.accounts set month_own_requests = 2 where id = '{}'", poor.id)).await;
    Answer::to(world.chat(&poor.key, &body)).await.refused(402, "insufficient_credits");
    // Of a route without a price there is nothing to reckon a fee from.
    world.sql("update gateway.model_routes set prompt_price = null, completion_price = null").await;
    assert_eq!(nanos(&world.completion(&poor.key, &body).await["usage"]["cost"]), 0);
    world.settled().await;
    world.assert_ledger_clean().await;
    let margin = "select (coalesce(sum(cost), 0) - coalesce(sum(provider_cost), 0))::bigint - (select sum(cost) from gateway.requests where own_key)
                  from gateway.count_platform('-infinity', 'infinity')";
    let of_ours = format!(
        "select (cost - gateway.provider_cost(cost, markup)) from gateway.requests where account_id = '{}'",
        ours.id
    );
    assert_eq!(world.value(margin).await, world.value(&of_ours).await, "of a fee no provider gets anything");
}

#[tokio::test]
async fn what_an_own_key_has_served_costs_its_fee_at_most_whatever_the_hold_covers() {
    let (world, own, _) = charging(&[]).await;
    world.sql("update gateway.provider_keys set gateway_fallback = true").await;
    world.sql(&format!("update gateway.accounts set month_own_requests = 2 where id = '{}'", own.id)).await;
    let caller = json!({"key_hashes": [world.hash(&own.key)], "request_id": "r"});
    for serves in [0, 1] {
        let id = Uuid::now_v7();
        let call = json!({"call_id": id, "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"],
            "own_key_fee": {"basis_points": 500, "free_monthly": 2}, "prompt_bound": 50, "images": 0, "tools": false,
            "modalities": [], "choices": 1, "output_limit": 100, "hold_seconds": 60, "markup": 10_000});
        let hold = world
            .value(&format!("select public.begin_request('{}')::jsonb", json!({ "caller": caller, "call": call })))
            .await;
        let (candidates, held) = (&hold["candidates"], hold["held"].as_i64().expect("a hold"));
        assert_eq!(candidates.as_array().map(Vec::len), Some(2), "{hold}");
        let served = &candidates[serves];
        let own_key = served["own_key"].as_str().map(|id| id.parse().expect("an id"));
        let facts = facts_with(&hold, "openrouter", own_key);
        let settlement = json!({"call_id": id, "outcome": "deadline", "provider": "openrouter", "charge_hold": true,
            "usage": {}, "estimated": true, "request_id": "r", "hold": facts});
        let settled = world.value(&format!("select public.finish_request('{settlement}')")).await;
        let cost = settled["cost"].as_i64().expect("a cost");
        if serves == 1 {
            assert_eq!(cost, held);
        } else {
            assert_eq!(json!(cost), served["ceiling"]);
            // The hold is what our account would have cost, of which the fee is a twentieth, rounded up.
            assert_eq!((cost, cost > 0), ((held + 19) / 20, true));
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn of_what_cannot_be_counted_a_caller_is_told_the_fee_that_is_charged_and_not_the_hold() {
    let (world, own, _) = charging(&[]).await;
    // A picture of which its provider reports nothing.
    let drawing = WHOLES.iter().find(|whole| whole.is_chat()).expect("a row");
    world.offers(drawing, &[Route::new("openrouter", "standin/no-usage")]).await;
    // Our account would go on where the key fails, so that all of its price is held.
    world.sql("update gateway.provider_keys set gateway_fallback = true").await;
    world.sql(&format!("update gateway.accounts set month_own_requests = 2 where id = '{}'", own.id)).await;
    let answer = Answer::to(world.request(drawing, &own.key, &drawing.hello(&json!({})))).await.success();
    world.settled().await;
    let record = world.newest_call().await;
    let (told, held) = (nanos(&answer["usage"]["cost"]), record["held"].as_i64().expect("held"));
    assert_eq!((&record["cost"], &record["own_key"]), (&json!(told), &json!(true)), "{answer} {record}");
    assert_eq!((told, told > 0), ((held + 19) / 20, true), "{record}");
    assert_eq!(world.money(own.id).await, (1_000_000_000 - told, 0, 0));
    world.assert_ledger_clean().await;
}
