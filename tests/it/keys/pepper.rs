//! The pepper can change, and no key is lost.

use serde_json::json;
use shared::api_key::hash;
use shared::config::Pepper;
use tests::answer::Answer;
use tests::world::{Account, World, hello};

const NEW: &str = "the-next-pepper-of-this-deployment-0001";

/// A gateway with this keyring, in which OLD stands for the pepper that the keys were made under.
async fn gateway(world: &World, ring: &str) -> String {
    let ring = ring.replace("OLD", &world.platform.variables()["API_KEY_PEPPER"]);
    world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await
}

async fn chat(world: &World, base_url: &str, account: &Account) -> Answer {
    let url = format!("{base_url}/v1/chat/completions");
    Answer::to(world.http.post(url).bearer_auth(&account.key).body(hello(&json!({})).to_string())).await
}

async fn balance(world: &World, base_url: &str, account: &Account) -> Answer {
    Answer::to(world.http.get(format!("{base_url}/user/balance")).bearer_auth(&account.key)).await
}

async fn stored_hash(world: &World, account: &Account) -> serde_json::Value {
    world.value(&format!("select key_hash from gateway.api_keys where id = '{}'", account.key_id)).await
}

#[tokio::test]
async fn a_key_under_an_old_pepper_still_works_and_its_use_hashes_it_anew() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let both = gateway(&world, &format!("1:OLD,2:{NEW}")).await;
    assert_eq!(stored_hash(&world, &account).await, json!(world.hash(&account.key)));
    assert_eq!(balance(&world, &both, &account).await.status, 200);
    assert_eq!(chat(&world, &both, &account).await.status, 200);
    let anew = hash(&account.key, &Pepper { version: 2, secret: NEW.to_owned() });
    assert_eq!(stored_hash(&world, &account).await, json!(anew));
    // The new hash serves as the old one did, limits and all, and the old pepper can go.
    assert_eq!(chat(&world, &both, &account).await.status, 200);
    assert_eq!(balance(&world, &both, &account).await.status, 200);
    let new_only = gateway(&world, &format!("2:{NEW}")).await;
    assert_eq!(chat(&world, &new_only, &account).await.status, 200);
    // Whoever knows the old pepper alone does not know the key any more.
    chat(&world, &world.base_url, &account).await.refused(401, "invalid_api_key");
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_new_key_is_made_under_the_newest_pepper() {
    let world = World::start().await;
    let account = world.account(0).await;
    let both = gateway(&world, &format!("1:OLD,2:{NEW}")).await;
    let request = world.http.post(format!("{both}/user/api-keys")).bearer_auth(&account.key);
    let made = Answer::to(request.json(&json!({"name": "new", "environment": "live"}))).await.json();
    let key = made["api_key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let new_only = gateway(&world, &format!("2:{NEW}")).await;
    assert_eq!(balance(&world, &new_only, &Account { key, ..account }).await.status, 200);
}

#[tokio::test]
async fn a_key_under_a_pepper_that_is_gone_is_unknown() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let new_only = gateway(&world, &format!("2:{NEW}")).await;
    chat(&world, &new_only, &account).await.refused(401, "invalid_api_key");
    balance(&world, &new_only, &account).await.refused(401, "invalid_api_key");
    assert_eq!(stored_hash(&world, &account).await, json!(world.hash(&account.key)));
}

#[tokio::test]
async fn a_refused_call_does_not_hash_a_key_anew() {
    let world = World::start().await;
    let account = world.account(0).await;
    world.change_key(&account, "revoked_at = gateway.now()").await;
    let both = gateway(&world, &format!("1:OLD,2:{NEW}")).await;
    chat(&world, &both, &account).await.refused(401, "api_key_revoked");
    assert_eq!(stored_hash(&world, &account).await, json!(world.hash(&account.key)));
}
