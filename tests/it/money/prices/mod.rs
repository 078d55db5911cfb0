//! What a call is held at and charged: tiers, kinds of tokens, units. The price that a hold freezes is the dearest that the call
//! can reach.
//!
//! `formulas`: a cost is worked out in SQL and in Rust, alike. `windows`: prices by the hour.

mod formulas;
mod windows;

use serde_json::{Value, json};
use tests::facts::facts;
use tests::world::{Account, MODEL, Route, World};
use uuid::Uuid;

/// A call of the database's doors: what begin_request answered.
async fn begin(world: &World, account: &Account, members: Value) -> Value {
    let app = world.platform.gateway().expect("an app");
    let mut call = json!({"call_id": Uuid::now_v7(), "model": MODEL, "providers": ["openrouter", "chutes"], "allowed": [],
        "prompt_bound": 1_000, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
        "hold_seconds": 60, "markup": 10_000});
    call.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    let caller = json!({"key_hashes": [world.hash(&account.key)]});
    let mut answer: Value = app
        .supabase()
        .expect("configured")
        .rpc("begin_request", &json!({"caller": caller, "call": call}))
        .await
        .expect("an answer");
    answer["call_id"] = call["call_id"].clone();
    answer["units"] = call["units"].clone();
    answer
}

/// Settles it with this usage, by the route of `provider`: what it cost.
async fn settle(world: &World, begun: &Value, provider: &str, usage: Value) -> i64 {
    let app = world.platform.gateway().expect("an app");
    let settlement = json!({"call_id": begun["call_id"], "outcome": "completed", "provider": provider, "usage": usage,
        "estimated": false, "charge_hold": false, "hold": facts(begun, provider)});
    let supabase = app.supabase().expect("configured");
    let settled: Value = supabase.rpc("finish_request", &settlement).await.expect("an answer");
    settled["cost"].as_i64().expect("a cost")
}

/// A world whose model has one route, changed so.
async fn with_route(change: &str) -> (World, Account) {
    let world = World::start().await;
    let account = world.account(1_000_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
    world.sql(&format!("update gateway.model_routes set {change} where model_id = '{MODEL}'")).await;
    (world, account)
}

#[tokio::test]
async fn a_prompt_of_the_tiers_length_is_not_in_it_and_one_token_more_is() {
    let tiers = r#"tiers = '[{"above": 2000, "prompt": 3000000000, "completion": 5000000000}]'"#;
    let (world, account) = with_route(tiers).await;
    for (tokens, prompt, cached, completion) in [(2_000, 1_000, 500, 2_000), (2_001, 3_000, 500, 5_000)] {
        let begun = begin(&world, &account, json!({"prompt_bound": tokens})).await;
        // Any token of the prompt may turn out new, and what the answer costs goes with the prompt.
        assert_eq!(begun["held"], json!(tokens * prompt + 100 * completion), "{tokens}");
        let usage = json!({"prompt": tokens, "cached": 10, "completion": 7});
        let cost = settle(&world, &begun, "openrouter", usage).await;
        assert_eq!(cost, (tokens - 10) * prompt + 10 * cached + 7 * completion, "{tokens}");
    }
    // A bound in the tier whose prompt turns out shorter: held at the tier's price, charged at the usual one.
    let begun = begin(&world, &account, json!({"prompt_bound": 9_000})).await;
    assert_eq!(begun["held"], json!(9_000 * 3_000 + 100 * 5_000));
    assert_eq!(settle(&world, &begun, "openrouter", json!({"prompt": 2_000, "completion": 1})).await, 2_002_000);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_long_cache_images_and_sound_are_held_where_the_call_has_them_and_charged_apart() {
    let (world, account) = with_route(
        "written_price = 1250000000, written_long_price = 4000000000, image_input_price = 6000000000,
         audio_input_price = 7000000000, reasoning_price = 3000000000, image_output_price = 40000000000,
         audio_output_price = 50000000000, prompt_image_price = 11",
    )
    .await;
    for (members, prompt, completion, each) in [
        // What can draw may do so unasked.
        (json!({}), 1_250, 40_000, 0),
        (json!({"units": {"long_cache": true}}), 4_000, 40_000, 0),
        (json!({"modalities": ["image"], "images": 0}), 6_000, 40_000, 0),
        (json!({"modalities": ["audio"], "units": {"outputs": ["audio"]}}), 7_000, 50_000, 0),
        (json!({"units": {"outputs": ["image"], "images": 1}}), 1_250, 40_000, 0),
        (json!({"modalities": ["image"], "images": 2}), 6_000, 40_000, 2),
    ] {
        world
            .sql(
                "update gateway.models set input_modalities = '{text,image,audio}',
                   output_modalities = '{text,image,audio}', image_tokens = 0",
            )
            .await;
        let begun = begin(&world, &account, members.clone()).await;
        assert_eq!(begun["held"], json!(1_000 * prompt + 100 * completion + each * 11), "{members}: {begun}");
        let usage = json!({"prompt": 900, "cached": 100, "written": 300, "written_long": 200, "image_input": 50,
            "audio_input": 40, "completion": 90, "reasoning": 30, "image_output": 20, "audio_output": 10});
        let cost = settle(&world, &begun, "openrouter", usage).await;
        let of_prompt = 410 * 1_000 + 100 * 500 + 100 * 1_250 + 200 * 4_000 + 50 * 6_000 + 40 * 7_000;
        let of_completion = 30 * 2_000 + 30 * 3_000 + 20 * 40_000 + 10 * 50_000;
        assert_eq!(cost, of_prompt + of_completion + each * 11, "{members}");
    }
    let units = world.value("select units from gateway.requests limit 1").await;
    let expected =
        json!({"written_long": 200, "image_input": 50, "audio_input": 40, "image_output": 20, "audio_output": 10});
    assert_eq!(units, expected);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn units_are_held_at_the_most_and_charged_as_they_came() {
    let (world, account) = with_route(
        "prompt_price = 0, cached_price = null, completion_price = 0, image_price = 200000000,
         image_prices = '{\"1024x1024/low\": 11000000}', search_price = 2000000, second_price = 100001,
         character_price = 15000000000",
    )
    .await;
    for (units, held, usage, cost) in [
        (json!({"images": 3}), 600_000_000, json!({"images": 2}), 400_000_000),
        (json!({"images": 3, "image": "1024x1024/low"}), 33_000_000, json!({"images": 3}), 33_000_000),
        (json!({"images": 1, "image": "another"}), 200_000_000, json!({"images": 1}), 200_000_000),
        // Who reports more than was held for is not believed, and neither is what was not asked for.
        (json!({"images": 1}), 200_000_000, json!({"images": 2, "searches": 9}), 200_000_000),
        (json!({"searches": 1}), 2_000_000, json!({"searches": 4}), 2_000_000),
        (json!({"milliseconds": 1_000}), 100_001, json!({"milliseconds": 90_000}), 100_001),
        (json!({"characters": 70}), 1_050_000, json!({"characters": 71, "milliseconds": 5}), 1_050_000),
        (json!({"searches": 4}), 8_000_000, json!({"searches": 1}), 2_000_000),
        (json!({"milliseconds": 2_500}), 250_003, json!({"milliseconds": 1_001}), 100_102),
        (json!({"characters": 70}), 1_050_000, json!({"characters": 70}), 1_050_000),
    ] {
        let begun = begin(&world, &account, json!({"units": units, "prompt_bound": 10})).await;
        assert_eq!(begun["held"], json!(held), "{units}");
        assert_eq!(settle(&world, &begun, "openrouter", usage).await, cost, "{units}");
    }
    let (clamped, units) = ("count(*) filter (where clamped)", "jsonb_agg(units) filter (where clamped)");
    let found = world.value(&format!("select jsonb_build_array({clamped}, {units}) from gateway.requests")).await;
    assert_eq!(found[0], json!(4), "{found}");
    let bounded = [json!({"images": 1, "searches": 0}), json!({"characters": 70, "milliseconds": 0})];
    assert!(bounded.iter().all(|units| found[1].as_array().expect("a list").contains(units)), "{found}");
    // An image of a size and quality that is not in the list, of a model without a price for all, costs as the dearest.
    world.sql("update gateway.model_routes set image_price = null, image_prices = '{\"a/b\": 5, \"a/c\": 7}'").await;
    let begun = begin(&world, &account, json!({"units": {"images": 2, "image": "x/y"}})).await;
    assert_eq!((&begun["held"], settle(&world, &begun, "openrouter", json!({"images": 2})).await), (&json!(14), 14));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_no_route_has_a_price_for_is_refused_and_a_route_that_has_none_is_not_asked() {
    let (world, account) = with_route("prompt_price = 0, cached_price = null, completion_price = 0").await;
    for units in [json!({"images": 1}), json!({"milliseconds": 1}), json!({"characters": 1})] {
        let refused = begin(&world, &account, json!({ "units": units })).await;
        assert_eq!(refused["refused"]["code"], "model_not_priced", "{units}");
    }
    world.model(MODEL, &[Route::new("openrouter", "standin/normal"), Route::new("chutes", "standin/normal")]).await;
    world
        .sql(
            "update gateway.model_routes set prompt_price = 0, cached_price = null, completion_price = 0;
             update gateway.model_routes set image_price = 5 where provider = 'chutes'",
        )
        .await;
    let begun = begin(&world, &account, json!({"units": {"images": 1}})).await;
    let served: Vec<_> =
        begun["candidates"].as_array().expect("routes").iter().map(|route| &route["provider"]).collect();
    assert_eq!(served, ["chutes"]);
}

#[tokio::test]
async fn a_misspelt_price_is_none() {
    let (world, _) = with_route("request_price = 0").await;
    for wrong in [
        r#"tiers = '[]'"#,
        r#"tiers = '[{"prompt": 1}]'"#,
        r#"tiers = '[{"above": 1, "promt": 1}]'"#,
        r#"tiers = '[{"above": 1, "prompt": -1}]'"#,
        r#"tiers = '[{"above": 1, "prompt": 1.5}]'"#,
        r#"windows = '[{"from": "00:00", "prompt": 1}]'"#,
        r#"windows = '[{"from": "0:00", "until": "24:00"}]'"#,
        r#"windows = '[{"from": "00:00", "until": "25:00"}]'"#,
        r#"windows = '[{"from": "00:00", "until": "24:00", "days": [0]}]'"#,
        r#"windows = '[{"from": "00:00", "until": "24:00", "tiers": [{"prompt": 1}]}]'"#,
        r#"image_prices = '{"a": "1"}'"#,
        r#"image_prices = '[1]'"#,
        "image_price = 1, image_output_price = 1",
    ] {
        let refused = world.platform.database.execute(&format!("update gateway.model_routes set {wrong}")).await;
        assert!(refused.is_err(), "{wrong}");
    }
}
