//! What a caller wishes of a route is kept, or the call is refused and says which wish nobody meets.

use reqwest::Method;
use serde_json::{Value, json};
use tests::wire::formats;
use tests::world::{Account, Route, World, hello};

use super::{ask, get, refused};

/// A model on three providers, the cheapest first, of which the catalog knows different things.
const MODEL: &str = "test/wished";

async fn world() -> (World, Account) {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let route = |provider, factor| {
        let plain = Route::new(provider, "standin/normal");
        Route { prompt: factor * plain.prompt, completion: factor * plain.completion, ..plain }
    };
    world.model(MODEL, &[route("openrouter", 1), route("chutes", 2), route("portkey", 3)]).await;
    (world, account)
}

fn served_by(wish: &Value, answer: &tests::answer::Answer) -> String {
    assert_eq!(answer.status, 200, "{wish}: {}", answer.text);
    answer.header("x-gateway-provider").to_owned()
}

#[tokio::test]
async fn nobody_is_asked_who_does_not_take_every_parameter_that_must_be_taken() {
    let (world, account) = world().await;
    let admin = world.administrator().await;
    world
        .sql(&format!(
            "update gateway.models set supported_parameters = '{{max_tokens,temperature}}' where id = '{MODEL}'"
        ))
        .await;
    let set = async |route: Value| {
        let url = format!("{}/admin/routes", world.base_url);
        let request = world.http.put(url).bearer_auth(&admin.key).header("content-type", "application/json");
        tests::answer::Answer::to(request.body(route.to_string())).await
    };
    // Where a route says nothing, its model does.
    let takes =
        json!({ "model": MODEL, "provider": "chutes", "supported_parameters": ["max_tokens", "seed", "tools"] });
    let changed = set(takes.clone()).await.success();
    assert_eq!(changed["supported_parameters"], takes["supported_parameters"]);
    for wrong in [json!(["Seed"]), json!([""]), json!("seed")] {
        set(json!({ "model": MODEL, "provider": "chutes", "supported_parameters": wrong }))
            .await
            .refused(400, "invalid_request");
    }
    let call = async |members: Value, requires: bool| {
        let mut body = hello(&members);
        body["model"] = json!(MODEL);
        body["provider"] = json!({ "require_parameters": requires });
        let answer = ask(&world, Method::POST, "/chat/completions", &account, &body).await;
        world.settled().await;
        answer
    };
    for (members, requires, wanted) in [
        (json!({ "seed": 1 }), false, "openrouter"),
        (json!({}), true, "openrouter"),
        (json!({ "temperature": 1 }), true, "openrouter"),
        (json!({ "seed": 1 }), true, "chutes"),
        (json!({ "seed": 1, "max_completion_tokens": 100 }), true, "chutes"),
        (json!({ "seed": null, "temperature": 1, "logprobs": false }), true, "openrouter"),
    ] {
        assert_eq!(served_by(&members, &call(members.clone(), requires).await), wanted, "{members} {requires}");
    }
    for (members, lacking) in [
        (json!({ "seed": 1, "temperature": 1 }), None),
        (json!({ "seed": 1, "top_k": 4, "min_p": 0.1 }), Some(json!(["min_p", "top_k"]))),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": {} } } }),
            Some(json!(["structured_outputs"])),
        ),
    ] {
        let told = refused(&call(members.clone(), true).await, 503, "no_provider");
        assert_eq!(told["metadata"].get("not_taken"), lacking.as_ref(), "{told}");
        assert!(told["message"].as_str().is_some_and(|said| said.contains("require_parameters")), "{told}");
    }
    // In every format.
    for wire in formats() {
        world
            .model(wire.model, &[Route::new("openrouter", "standin/normal"), Route::new("anthropic", "standin/normal")])
            .await;
        world
            .sql(&format!(
                "update gateway.models set supported_parameters = '{{max_tokens}}' where id = '{}'",
                wire.model
            ))
            .await;
        for (top_p, status) in [(Value::Null, 200), (json!(0.5), 503)] {
            let body = wire.hello(&json!({ "top_p": top_p, "provider": { "require_parameters": true } }));
            let answer = tests::answer::Answer::to(world.call(wire, &account.key, &body)).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
        }
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_kept_and_how_exact_weights_are_is_the_catalogs_to_say() {
    let (world, account) = world().await;
    let call = async |wish: &Value| {
        let body = hello(&json!({ "model": MODEL, "provider": wish }));
        let answer = ask(&world, Method::POST, "/chat/completions", &account, &body).await;
        world.settled().await;
        answer
    };
    let (zdr, deny) = (json!({ "zdr": true }), json!({ "data_collection": "deny" }));
    let (exact, unknown) = (json!({ "quantizations": ["fp8", "bf16"] }), json!({ "quantizations": ["unknown"] }));
    // As long as nobody has said anything, nothing is promised.
    for (wish, name) in [(&zdr, "zdr"), (&deny, "data_collection"), (&exact, "quantizations")] {
        let told = refused(&call(wish).await, 503, "no_provider");
        assert!(told["message"].as_str().is_some_and(|said| said.contains(name)), "{told}");
    }
    assert_eq!(served_by(&unknown, &call(&unknown).await), "openrouter");
    world
        .sql(&format!(
            "update gateway.model_routes set data_policy = 'private', quantization = 'fp8' where (model_id, provider) = ('{MODEL}', 'chutes');
             update gateway.model_routes set data_policy = 'zdr' where (model_id, provider) = ('{MODEL}', 'portkey')"
        ))
        .await;
    for (wish, wanted) in [(&zdr, "portkey"), (&deny, "chutes"), (&exact, "chutes"), (&unknown, "openrouter")] {
        assert_eq!(served_by(wish, &call(wish).await), wanted, "{wish}");
    }
    refused(&call(&json!({ "zdr": true, "quantizations": ["fp8"] })).await, 503, "no_provider");
    for wrong in [json!({ "zdr": "yes" }), json!({ "data_collection": "maybe" }), json!({ "quantizations": ["fp7"] })] {
        refused(&call(&wrong).await, 400, "invalid_request");
    }
    // A key of the caller's own is no way around it.
    world.own_key(account.id, "openrouter", "sk-or-own").await;
    assert_eq!(served_by(&zdr, &call(&zdr).await), "portkey");
    world.own_key(account.id, "portkey", "pk-own").await;
    world.platform.providers.control().add_customer("portkey", "pk-own").expect("a customer");
    let answer = call(&json!({ "zdr": true, "max_price": { "prompt": 0 } })).await;
    assert_eq!(answer.json()["usage"]["is_byok"], true, "what it costs there is no matter of ours: {}", answer.text);
    // Who asks which routes keep nothing is told what calls go by.
    let shown = get(&world, &format!("/models/{MODEL}/endpoints"), &account).await.success()["data"].clone();
    let exactness: Vec<&Value> =
        shown["endpoints"].as_array().expect("routes").iter().map(|one| &one["quantization"]).collect();
    assert_eq!(exactness, [&json!("unknown"), &json!("fp8"), &json!("unknown")]);
    let kept_by_nobody = get(&world, "/endpoints/zdr", &account).await.success();
    let routes: Vec<_> =
        kept_by_nobody["data"].as_array().expect("routes").iter().map(|one| (&one["model_id"], &one["tag"])).collect();
    assert_eq!(routes, [(&json!(MODEL), &json!("portkey"))]);
    world.assert_ledger_clean().await;
}
