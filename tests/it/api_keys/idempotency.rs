//! A key is made once under an Idempotency-Key, and shown once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{PATH, balance, told};

async fn create(world: &World, owner: &Account, body: &Value, idempotency_key: &str) -> Answer {
    Answer::to(world.post(PATH, &owner.key, body).header("idempotency-key", idempotency_key)).await
}

async fn keys(world: &World, owner: &Account) -> Value {
    world.value(&format!("select count(*) from gateway.api_keys where account_id = '{}'", owner.id)).await
}

#[tokio::test]
async fn a_repetition_is_the_same_key_and_does_not_show_it_again() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let body = json!({"name": "once", "scopes": ["billing:read"]});
    let first = create(&world, &owner, &body, "k").await.success();
    let mut again = create(&world, &owner, &body, "k").await.success();
    assert_eq!((&again["replayed"], &again["api_key"]), (&json!(true), &Value::Null));
    assert_eq!(balance(&world, first["api_key"].as_str().expect("a key")).await, told(200, ""));
    for name in ["replayed", "api_key"] {
        again[name] = first[name].clone();
    }
    assert_eq!(again, first);
    assert_eq!(keys(&world, &owner).await, json!(2));
    create(&world, &owner, &json!({"name": "twice"}), "k").await.refused(409, "idempotency_conflict");
    // Somebody else's word is his own.
    let other = world.account(0).await;
    assert_eq!(create(&world, &other, &body, "k").await.success()["replayed"], false);
    // What was refused is not remembered.
    let refused = create(&world, &owner, &json!({"name": "x", "rate_limits": {"burst": 9_000_000}}), "k2").await;
    refused.refused(400, "invalid_request");
    assert_eq!(create(&world, &owner, &body, "k2").await.success()["replayed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_repetitions_at_once_make_one_key_and_twenty_of_their_own_make_twenty() {
    let Some(world) = World::concurrent("creations under an Idempotency-Key").await else { return };
    let body = json!({"name": "k", "scopes": ["billing:read"]});
    for (same, made) in [(true, 1), (false, 20)] {
        let owner = world.account(0).await;
        let gate = world.platform.postgrest.control().gate(Some("create_api_key"));
        let names: Vec<String> = (0..20).map(|i| if same { "same".to_owned() } else { format!("own {i}") }).collect();
        let all = join_all(names.iter().map(|name| create(&world, &owner, &body, name)));
        let release = async {
            tests::certain("all at the database", gate.waiting(20)).await;
            gate.open();
        };
        let (answers, ()) = tokio::join!(all, release);
        let shown = answers.iter().filter(|answer| answer.success()["api_key"].is_string()).count();
        assert_eq!((shown, keys(&world, &owner).await), (made, json!(made + 1)));
    }
}
