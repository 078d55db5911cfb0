//! What OpenRouter's clients ask for besides inference.

use serde_json::{Value, json};
use tests::world::{Account, MODEL, World};

use super::Sample;
use super::account::about_an_own_key;

/// What a challenge is made of, and the challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        (
            "GET",
            "v1_key"
            | "v1_credits"
            | "v1_keys"
            | "v1_byok"
            | "v1_models_count"
            | "v1_models_user"
            | "v1_embeddings_models"
            | "v1_providers",
        ) => Sample::plain(),
        ("GET", "v1_activity") => Sample::plain().with_query("?date=2026-01-31"),
        ("GET", "v1_generation") => Sample { foreign: Some((404, "generation_not_found")), ..Sample::plain() }
            .with_query(format!("?id={}", generation(world, owner).await)),
        ("GET", "v1_one_model") => Sample::plain().with("id", MODEL),
        ("GET", "auth") => Sample::plain().with_query(format!("?code_challenge={CHALLENGE}")),
        ("POST", "v1_auth_keys_code") => Sample::body(json!({"code_challenge": CHALLENGE, "limit": 5})),
        ("POST", "v1_auth_keys") => Sample::body(json!({"code": code(world, owner).await, "code_verifier": VERIFIER})),
        ("POST", "v1_keys") => Sample::body(json!({"name": "Sample", "limit": 5, "limit_reset": "monthly"})),
        ("POST", "v1_byok") => {
            Sample::body(json!({"provider": "chutes", "key": "cpk_0123456789abcdef", "allowed_models": ["test/*"]}))
        }
        ("GET" | "DELETE", "v1_byok_key") => about_an_own_key(world, owner, None).await,
        ("PATCH", "v1_byok_key") => about_an_own_key(world, owner, Some(json!({"is_fallback": true}))).await,
        ("GET" | "DELETE", "v1_key_of_account") => about_a_key(world, owner, None).await,
        ("PATCH", "v1_key_of_account") => about_a_key(world, owner, Some(json!({"disabled": true}))).await,
        _ => return None,
    })
}

async fn about_a_key(world: &World, owner: &Account, body: Option<Value>) -> Sample {
    let key = world.another_key(owner, "inference").await;
    let sample = Sample { body, foreign: Some((404, "api_key_not_found")), ..Sample::plain() };
    sample.with("hash", key.key_id.to_string())
}

/// A code that this account's owner has agreed to.
async fn code(world: &World, owner: &Account) -> String {
    let code = format!("auth_code_{}", uuid::Uuid::new_v4().simple());
    world
        .sql(&format!(
            "insert into gateway.auth_codes (code_hash, account_id, challenge, method, settings, expires_at)
               values ('{}', '{}', '{CHALLENGE}', 'S256', '{{\"name\": \"Sample\", \"scopes\": [\"inference\"]}}',
                       gateway.now() + interval '10 minutes')",
            world.hash(&code),
            owner.id
        ))
        .await;
    code
}

/// The name of a call of this key that is over.
async fn generation(world: &World, owner: &Account) -> String {
    let call = uuid::Uuid::now_v7();
    world
        .sql(&format!(
            "insert into gateway.requests
               (call_id, account_id, key_id, model, provider, outcome, held, cost, answer_id, created_at, finished_at)
               values ('{call}', '{}', '{}', '{MODEL}', 'openrouter', 'completed', 0, 0, 'chatcmpl-sample', gateway.now(), gateway.now())",
            owner.id, owner.key_id
        ))
        .await;
    shared::generation_id::write(call)
}
