//! Own keys as OpenRouter's management API has them.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello, nanos};

use super::OWN;

async fn ask(world: &World, account: &Account, method: &str, path: &str, body: &Value) -> Answer {
    let method = http::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.http.request(method, format!("{}/api/v1/byok{path}", world.base_url)).bearer_auth(&account.key);
    Answer::to(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn a_key_is_kept_listed_changed_used_and_forgotten_in_openrouters_words() {
    let world = World::start().await;
    world.platform.providers.control().add_customer("openrouter", OWN).expect("a provider");
    let account = world.account(1_000_000_000).await;
    let new = json!({"provider": "openrouter", "key": OWN, "name": "Production", "workspace_id": null, "allowed_user_ids": null});
    let made = ask(&world, &account, "POST", "", &new).await;
    assert_eq!(made.status, 201);
    let key = serde_json::from_str::<Value>(&made.text).expect("JSON")["data"].clone();
    let (id, at) = (key["id"].as_str().expect("an id"), key["created_at"].clone());
    let told = json!({"id": id, "provider": "openrouter", "label": "...cdef", "name": "Production", "disabled": false,
        "is_fallback": false, "sort_order": 0, "allowed_models": null, "allowed_api_key_hashes": null,
        "allowed_user_ids": null, "workspace_id": null, "created_at": at});
    assert_eq!(key, told);
    assert_eq!(nanos(&world.completion(&account.key, &hello(&json!({}))).await["usage"]["cost"]), 0);
    let further = json!({"provider": "chutes", "key": OWN, "disabled": true});
    assert_eq!(ask(&world, &account, "POST", "", &further).await.status, 201);
    let listed = ask(&world, &account, "GET", "?provider=openrouter", &Value::Null).await.success();
    assert_eq!(listed, json!({"data": [told], "total_count": 1}));
    let page = ask(&world, &account, "GET", "?offset=1&limit=5", &Value::Null).await.success();
    assert_eq!((page["data"].as_array().map(Vec::len), &page["total_count"]), (Some(1), &json!(2)));
    let path = format!("/{id}");
    let changes = json!({"disabled": true, "name": null, "allowed_api_key_hashes": [account.key_id], "key": "sk-or-v1-another-key-zzzz"});
    let changed = ask(&world, &account, "PATCH", &path, &changes).await.success()["data"].clone();
    assert_eq!(
        (&changed["disabled"], &changed["name"], &changed["label"]),
        (&json!(true), &Value::Null, &json!("...zzzz"))
    );
    assert_eq!(changed["allowed_api_key_hashes"], json!([account.key_id]));
    assert_eq!(ask(&world, &account, "GET", &path, &Value::Null).await.success()["data"], changed);
    assert!(nanos(&world.completion(&account.key, &hello(&json!({}))).await["usage"]["cost"]) > 0);
    assert_eq!(ask(&world, &account, "DELETE", &path, &Value::Null).await.success(), json!({"deleted": true}));
    // Errors have OpenRouter's shape.
    for (method, path, body, status) in [
        ("GET", path.as_str(), Value::Null, 404),
        ("GET", "?limit=0", Value::Null, 400),
        ("POST", "", json!({"provider": "nobody", "key": OWN}), 400),
        ("POST", "", json!({"provider": "openrouter", "key": "short"}), 400),
        ("POST", "", json!({"provider": "openrouter", "key": OWN, "allowed_user_ids": ["user_1"]}), 400),
    ] {
        let answer = ask(&world, &account, method, path, &body).await;
        let error = serde_json::from_str::<Value>(&answer.text).expect("JSON")["error"].clone();
        assert_eq!((answer.status, &error["code"]), (status, &json!(status)), "{method} {path} {body}");
    }
}
