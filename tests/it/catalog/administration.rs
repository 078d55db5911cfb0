//! The catalog as administrators change it: what holds from then on, what is on the trail, and what cannot be.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello};

async fn ask(world: &World, admin: &Account, method: &str, path: &str, body: &Value) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.http.request(method, format!("{}{path}", world.base_url)).bearer_auth(&admin.key);
    let request = request.header("content-type", "application/json");
    Answer::to(if body.is_null() { request } else { request.body(body.to_string()) }).await
}

async fn charged(world: &World) -> Value {
    world.settled().await;
    world.value("select cost from gateway.requests order by finished_at desc limit 1").await
}

#[tokio::test]
async fn a_model_is_made_priced_named_changed_and_disabled_and_each_step_is_on_the_trail() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000_000).await);
    let new = json!({"id": "acme/support-1", "name": "Support", "context_length": 128_000, "max_output": 16_384});
    let made = ask(&world, &admin, "POST", "/admin/models", &new).await.success();
    assert_eq!(
        (&made["owned_by"], &made["routes"], &made["changed_by_hand"]),
        (&json!("acme"), &json!([]), &json!(true))
    );
    let call = |model: &'static str| {
        let (world, key) = (&world, &account.key);
        async move { Answer::to(world.chat(key, &hello(&json!({"model": model, "max_tokens": 100})))).await }
    };
    call("acme/support-1").await.refused(503, "model_not_priced");

    // A route without a name there is none; with a price it is asked.
    let mut route = json!({"model": "acme/support-1", "provider": "chutes", "price": {"prompt": 1, "completion": 2.5}});
    ask(&world, &admin, "PUT", "/admin/routes", &route).await.refused(400, "invalid_request");
    route["upstream_model"] = json!("standin/usage");
    let set = ask(&world, &admin, "PUT", "/admin/routes", &route).await.success();
    assert_eq!((&set["priced_by"], &set["price"]["completion"]), (&json!("admin"), &json!(2.5)));
    call("acme/support-1").await.success();
    assert_eq!(charged(&world).await, json!(100 * 1_000 + 50 * 2_500));

    // Another price, of which tokens that were cached cost a tenth, and all of it doubles for long prompts.
    let price =
        json!({"prompt": 2, "cached": 0.2, "completion": 4, "tiers": [{"above": 50, "prompt": 20, "completion": 40}]});
    let changed = json!({"model": "acme/support-1", "provider": "chutes", "price": price});
    ask(&world, &admin, "PUT", "/admin/routes", &changed).await.success();
    call("acme/support-1").await.success();
    assert_eq!(charged(&world).await, json!(80 * 20_000 + 20 * 200 + 50 * 40_000));

    // An alias, which may come to mean another model.
    ask(&world, &admin, "PUT", "/admin/aliases/our/best", &json!({"model": "acme/support-1"})).await.success();
    assert_eq!(call("our/best").await.success()["model"], "acme/support-1");
    ask(&world, &admin, "PUT", "/admin/aliases/our/best", &json!({"model": MODEL})).await.success();
    assert_eq!(call("Our/Best").await.success()["model"], MODEL);
    let aliases = ask(&world, &admin, "GET", "/admin/aliases", &Value::Null).await.success();
    assert_eq!(aliases["data"][0]["alias"], "our/best");
    ask(&world, &admin, "DELETE", "/admin/aliases/our/best", &Value::Null).await.success();
    ask(&world, &admin, "DELETE", "/admin/aliases/our/best", &Value::Null).await.refused(404, "alias_not_found");
    call("our/best").await.refused(404, "model_not_found");

    // A deprecated model says so in every answer; a disabled one is none.
    let path = "/admin/models/acme/support-1";
    ask(&world, &admin, "PATCH", path, &json!({"deprecated_at": "2026-11-28T00:00:00Z"})).await.success();
    for spelling in ["acme/support-1", "support-1"] {
        assert_eq!(call(spelling).await.headers["deprecation"], "@1795824000");
    }
    assert!(call(MODEL).await.headers.get("deprecation").is_none());
    let disabled =
        ask(&world, &admin, "PATCH", path, &json!({"enabled": false, "deprecated_at": null})).await.success();
    assert_eq!((&disabled["enabled"], &disabled["deprecated_at"]), (&json!(false), &Value::Null));
    call("acme/support-1").await.refused(404, "model_not_found");
    assert_eq!(ask(&world, &admin, "GET", path, &Value::Null).await.success(), disabled);
    let listed = ask(&world, &admin, "GET", "/admin/models?enabled=false", &Value::Null).await.success();
    assert_eq!(listed["data"], json!([disabled]));
    // What changes nothing leaves nothing.
    ask(&world, &admin, "PATCH", path, &json!({"enabled": false})).await.success();

    let trail = world
        .value(&format!(
            "select jsonb_agg(action order by id) from gateway.audit_logs where actor_account_id = '{}'
               and action ~ '^(model|route|alias|plan|price_change)[.]'",
            admin.id
        ))
        .await;
    let expected = [
        "model.create",
        "route.set",
        "route.set",
        "alias.set",
        "alias.set",
        "alias.delete",
        "model.update",
        "model.update",
    ];
    assert_eq!(trail, json!(expected));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_has_a_factor_which_hold_and_charge_share() {
    let world = World::start().await;
    let admin = world.administrator().await;
    world.model(MODEL, &[Route::new("openrouter", "standin/usage")]).await;
    let cost = 80 * 1_000 + 20 * 500 + 50 * 2_000;
    for (factor, charge) in [("0.5", cost / 2), ("1.5", cost / 2 * 3), ("1", cost)] {
        let change: Value = serde_json::from_str(&format!(r#"{{"price_factor":{factor}}}"#)).expect("JSON");
        let plan = ask(&world, &admin, "PATCH", "/admin/plans/customize", &change).await.success();
        assert_eq!(plan["price_factor"].to_string().trim_end_matches(".0"), factor);
        let account = world.account(1_000_000_000_000).await;
        // A usual call, and one that is not.
        for further in [json!({"max_tokens": 100}), json!({"max_tokens": 100, "model": MODEL.to_uppercase()})] {
            let answer = world.completion(&account.key, &hello(&further)).await;
            assert_eq!(charged(&world).await, json!(charge), "{factor} {further}");
            let shown = answer["usage"]["cost"].to_string();
            assert!((shown.parse::<f64>().expect("a number") - charge as f64 * 1e-9).abs() < 1e-12, "{shown}");
        }
    }
    for wrong in ["0", "-1", "10.1", "0.00001"] {
        let change: Value = serde_json::from_str(&format!(r#"{{"price_factor":{wrong}}}"#)).expect("JSON");
        ask(&world, &admin, "PATCH", "/admin/plans/customize", &change).await.refused(400, "invalid_request");
    }
    ask(&world, &admin, "PATCH", "/admin/plans/none", &json!({"price_factor": 1})).await.refused(404, "plan_not_found");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_name_that_could_be_anothers_and_a_price_that_cannot_be_are_refused() {
    let world = World::start().await;
    let admin = world.administrator().await;
    world.sql(&format!("insert into gateway.model_aliases (alias, model_id) values ('taken', '{MODEL}')")).await;
    let model = |id: &str| json!({"id": id, "context_length": 1000, "max_output": 100});
    for id in [MODEL, "TEST/MODEL", "other/model", "other/model-latest", "acme/taken", "acme/Taken-20260101"] {
        // The last part alone would mean two.
        let taken = ask(&world, &admin, "POST", "/admin/models", &model(id)).await;
        let free = id.starts_with("other/") || id.starts_with("acme/");
        if free {
            taken.success()
        } else {
            taken.refused(409, "model_exists")
        };
        world.sql("delete from gateway.models where id like 'other/%' or id like 'acme/%'").await;
    }
    for id in ["model", "/model", "acme/", "acme/ model", "-a/b", "acme/\u{fc}"] {
        ask(&world, &admin, "POST", "/admin/models", &model(id)).await.refused(400, "invalid_request");
    }
    for alias in ["model", "MODEL", "test/model", "test%2FModel"] {
        let path = format!("/admin/aliases/{alias}");
        ask(&world, &admin, "PUT", &path, &json!({"model": MODEL})).await.refused(409, "model_exists");
    }
    for alias in ["chutes:fast", "a%20b", "%20"] {
        let path = format!("/admin/aliases/{alias}");
        ask(&world, &admin, "PUT", &path, &json!({"model": MODEL})).await.refused(400, "invalid_request");
    }
    ask(&world, &admin, "PUT", "/admin/aliases/new", &json!({"model": "no/such"}))
        .await
        .refused(404, "model_not_found");

    let before = world.value("select jsonb_agg(candidate order by model_id, provider) from gateway.model_routes").await;
    for price in [
        json!({"prompt": -1, "completion": 1}),
        json!({"prompt": 1}),
        json!({"prompt": 1_000_001, "completion": 1}),
        json!({"prompt": 1, "completion": 1, "tiers": [{"above": 0, "prompt": 1}]}),
        json!({"prompt": 1, "completion": 1, "tiers": [{"above": 5, "prompt": -1}]}),
        json!({"prompt": 1, "completion": 1, "windows": [{"from": "24:00", "until": "01:00"}]}),
        json!({"prompt": 1, "completion": 1, "image": 1, "image_output": 1}),
    ] {
        let route = json!({"model": MODEL, "provider": "openrouter", "price": price});
        ask(&world, &admin, "PUT", "/admin/routes", &route).await.refused(400, "invalid_request");
    }
    for provider in ["nobody", "OpenRouter", ""] {
        let route = json!({"model": MODEL, "provider": provider, "upstream_model": "x"});
        ask(&world, &admin, "PUT", "/admin/routes", &route).await.refused(400, "invalid_request");
    }
    let after = world.value("select jsonb_agg(candidate order by model_id, provider) from gateway.model_routes").await;
    assert_eq!(after, before);
}
