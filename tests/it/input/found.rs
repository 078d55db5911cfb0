//! What a caller most likely means is found, and where it cannot be, it is told what there is.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{MODEL, World};

#[tokio::test]
async fn a_model_is_found_by_its_bare_name_and_in_any_case() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let bare = MODEL.split_once('/').expect("a developer").1;
    for wire in formats() {
        for name in [bare, &MODEL.to_uppercase(), &format!("{bare}-latest")] {
            let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"model": name})))).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        }
        let near = format!("{MODEL}-x");
        let refused = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"model": near})))).await;
        let error = refused.refused(404, "model_not_found");
        assert!(error["message"].as_str().expect("text").contains(MODEL), "{error}");
    }
    // A key that may use a model may use it by any of its names, and no other by another's.
    world.change_key(&account, &format!("allowed_models = '{{{MODEL}}}'")).await;
    let wire = formats().next().expect("chat");
    let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"model": bare})))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.change_key(&account, &format!("allowed_models = '{{{bare}}}'")).await;
    let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"model": bare})))).await;
    answer.refused(403, "model_not_allowed");
}

#[tokio::test]
async fn slashes_that_name_nothing_reach_the_endpoint_and_an_address_without_one_tells_what_was_meant() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for path in ["//user/balance", "/user//balance", "/user/balance/", "/api/user/balance/"] {
        assert_eq!(Answer::to(world.get(path, &account.key)).await.status, 200, "{path}");
    }
    for (path, told) in [("/chat/completions", "/v1/chat/completions is served"), ("/v1/moderations", "not offered")] {
        let error = Answer::to(world.post(path, &account.key, &json!({}))).await.refused(404, "not_found");
        assert!(error["message"].as_str().expect("text").contains(told), "{error}");
    }
}

#[tokio::test]
async fn who_wants_nothing_in_particular_may_send_nothing() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let key = world.account(1_000_000_000).await;
    let url = format!("{}/user/api-keys/{}/rotate", world.base_url, key.key_id);
    let rotate = |key: &str| world.http.post(&url).bearer_auth(key);
    let first = Answer::to(rotate(&key.key)).await;
    assert!((200..300).contains(&first.status), "{}", first.text);
    let current = first.json()["api_key"].as_str().expect("a key").to_owned();
    let second = Answer::to(rotate(&current).header("content-type", "application/json")).await;
    assert!((200..300).contains(&second.status), "{}", second.text);
    let current = second.json()["api_key"].as_str().expect("a key").to_owned();
    let third = Answer::to(rotate(&current).header("content-type", "application/json").body("{}")).await;
    assert!((200..300).contains(&third.status), "{}", third.text);
    // What something is required of names it.
    let error =
        Answer::to(world.http.post(format!("{}/user/api-keys", world.base_url)).bearer_auth(&account.key)).await;
    assert!(error.status < 300 || error.json()["error"]["param"].is_string(), "{}", error.text);
}

#[tokio::test]
async fn every_header_of_ours_is_exposed_to_browsers() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.limit(account.id, &json!({"requests_per_minute": 2})).await;
    for wire in formats() {
        for further in [json!({}), json!({"n": 0}), json!({"model": "no/model"}), json!({}), json!({})] {
            let request = world.call(wire, &account.key, &wire.hello(&further)).header("origin", "https://app.example");
            let answer = Answer::to(request).await;
            let exposed = answer.header("access-control-expose-headers").to_owned();
            let ours = answer.headers.keys().map(|name| name.as_str()).filter(|name| {
                name.starts_with("x-") && *name != "x-accel-buffering"
                    || name.starts_with("retry-after")
                    || matches!(*name, "server-timing" | "request-id")
            });
            for name in ours {
                assert!(exposed.split(',').any(|it| it.trim() == name), "{name} is not in {exposed}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_allowed() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let message = async |request| {
        let answer = Answer::to(request).await;
        (answer.status, answer.error().to_string())
    };
    for (request, status, told) in [
        (world.post("/user/api-keys", &admin.key, &json!({"name": "x", "scopes": ["all"]})), 400, "models:read"),
        (world.get("/user/activity/log?from=yesterday", &admin.key), 400, "2026-01-31T12:00:00Z"),
        (
            world.post("/admin/assign-plan", &admin.key, &json!({"account_id": admin.id, "plan": "gold"})),
            404,
            "customize",
        ),
        (world.post("/admin/create", &admin.key, &json!({"email": "a@b.example", "plan": "gold"})), 400, "customize"),
        (world.post("/admin/add_credits", &admin.key, &json!({"account_id": admin.id, "amount": -5})), 402, "unspent"),
        (world.post("/v1/chat/completions", &admin.key, &json!([])), 400, "array"),
        (world.post("/v1/chat/completions", &admin.key, &json!({})).body(""), 400, "empty"),
    ] {
        let (answered, text) = message(request).await;
        assert_eq!(answered, status, "{text}");
        assert!(text.contains(told), "{text}");
    }
}
