//! Storing, listing and deleting own keys.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello, nanos};

use super::{OWN, with_own_key};

async fn list(world: &World, account: &Account) -> Value {
    Answer::to(world.get("/user/provider-keys", &account.key)).await.success()["data"].clone()
}

async fn delete(world: &World, account: &Account, query: &str) -> Answer {
    let url = format!("{}/user/provider-keys{query}", world.base_url);
    Answer::to(world.http.delete(url).bearer_auth(&account.key)).await
}

#[tokio::test]
async fn a_key_is_stored_listed_used_and_deleted_and_never_shown() {
    let world = World::start().await;
    world.platform.providers.control().add_customer("openrouter", OWN).expect("a provider");
    let account = world.account(1_000_000_000).await;
    let body = json!({"provider": "openrouter", "api_key": OWN, "name": "mine"});
    let stored = Answer::to(world.post("/user/provider-keys", &account.key, &body)).await;
    let key = stored.success();
    assert_eq!(
        (&key["provider"], &key["name"], &key["last_four"], &key["last_used_at"]),
        (&json!("openrouter"), &json!("mine"), &json!("cdef"), &Value::Null)
    );
    assert_eq!(nanos(&world.completion(&account.key, &hello(&json!({}))).await["usage"]["cost"]), 0);
    world.settled().await;
    let listed = list(&world, &account).await;
    assert_eq!((listed.as_array().map(Vec::len), listed[0]["last_used_at"].is_string()), (Some(1), true));
    assert!(!stored.text.contains(OWN) && !listed.to_string().contains(OWN));
    assert!(!world.is_stored(OWN).await && world.is_stored("cdef").await);

    assert_eq!(delete(&world, &account, "?provider=openrouter").await.success()["deleted"], true);
    assert_eq!(list(&world, &account).await, json!([]));
    assert!(nanos(&world.completion(&account.key, &hello(&json!({}))).await["usage"]["cost"]) > 0);
    delete(&world, &account, "?provider=openrouter").await.refused(404, "provider_key_not_found");
}

#[tokio::test]
async fn a_second_key_for_a_provider_replaces_the_first_from_the_next_call_on_at_every_instance() {
    let (world, account) = with_own_key().await;
    let other = world.another_gateway().await;
    let next = "sk-next-0123456789abcdef";
    let control = world.platform.providers.control();
    control.add_customer("openrouter", next).expect("a provider");
    let body = json!({"provider": "openrouter", "api_key": next});
    Answer::to(world.post("/user/provider-keys", &account.key, &body)).await.success();
    control.record(true);
    let request = world.http.post(format!("{other}/v1/chat/completions")).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(hello(&json!({})).to_string());
    assert_eq!(Answer::to(request).await.status, 200);
    let sent = format!("{:?}", control.requests()[0].headers);
    assert!(sent.contains(next) && !sent.contains(OWN));
    assert_eq!(list(&world, &account).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_and_its_member_named() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (body, param) in [
        (json!({"provider": "chutes", "api_key": "short"}), Some("api_key")),
        (json!({"provider": "chutes", "api_key": "x".repeat(513)}), Some("api_key")),
        (json!({"provider": "chutes", "api_key": "with a space in the middle"}), Some("api_key")),
        (json!({"provider": "chutes", "api_key": OWN, "name": ""}), Some("name")),
        (json!({"provider": "chutes"}), Some("api_key")),
        (json!({"provider": "nobody", "api_key": OWN}), None),
    ] {
        let answer = Answer::to(world.post("/user/provider-keys", &account.key, &body)).await;
        let error = answer.refused(400, "invalid_request");
        if let Some(param) = param {
            assert_eq!(error["param"], param, "{body}");
        }
        assert!(!answer.text.contains(OWN), "{}", answer.text);
    }
    for query in ["", "?provider=nobody", "?provider=chutes&all=true"] {
        assert_eq!(delete(&world, &account, query).await.status, 400, "{query:?}");
    }
}

#[tokio::test]
async fn storing_and_deleting_is_on_the_audit_trail_without_the_key() {
    let world = World::start().await;
    let account = world.account(0).await;
    let body = json!({"provider": "chutes", "api_key": OWN});
    for replaced in [false, true] {
        Answer::to(world.post("/user/provider-keys", &account.key, &body)).await.success();
        let last = world.value("select details from gateway.audit_logs order by id desc limit 1").await;
        let id = world.value("select id from gateway.provider_keys").await;
        assert_eq!(last, json!({"id": id, "last_four": "cdef", "replaced": replaced}));
    }
    delete(&world, &account, "?provider=chutes").await.success();
    let rows =
        world.value("select jsonb_agg(jsonb_build_array(action, target_id) order by id) from gateway.audit_logs");
    assert_eq!(
        rows.await,
        json!([["provider_key.set", "chutes"], ["provider_key.set", "chutes"], ["provider_key.delete", "chutes"]])
    );
}

#[tokio::test]
async fn without_a_keyring_nothing_is_stored_and_the_rest_works() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let bare = world.another_gateway_with(&[("ENCRYPTION_KEYS", "")]).await;
    let request = world.http.post(format!("{bare}/user/provider-keys")).bearer_auth(&account.key);
    let body = json!({"provider": "chutes", "api_key": OWN}).to_string();
    Answer::to(request.header("content-type", "application/json").body(body)).await.refused(503, "not_configured");
    let listed = Answer::to(world.http.get(format!("{bare}/user/provider-keys")).bearer_auth(&account.key)).await;
    assert_eq!(listed.success()["data"], json!([]));
}
