//! SQL's null is neither true nor false, so a check that meets one may pass: no function of the API goes on without what it
//! needs.
//!
//! `samples`: a call of every function, by area. `attempt`: a call that is undone.

mod attempt;
mod samples;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::world::{Account, World};
use uuid::Uuid;

use attempt::ATTEMPT;

use crate::payments::facts::Bought;
use crate::samples::chats::kept_chat;
use crate::samples::coupons::coupon;
use crate::samples::payments::{paid, subscribed};
use crate::samples::referrals::somebodys_code;
use crate::samples::responses::stored_response;
use crate::samples::webhooks::{delivery, webhook};

/// What the samples are about.
struct Scene {
    world: World,
    admin: Account,
    user: Account,
    spare: Account,
    /// A key of the user's own at a provider.
    provider_key: Uuid,
    chat: Uuid,
    response: Uuid,
    /// A payment of the user's that was begun, and one that was paid.
    payment: Uuid,
    paid: Uuid,
    /// A coupon of the user's: its id and its code.
    coupon: (Uuid, String),
    /// The code of somebody who was here before.
    recommended_by: String,
    subscription: String,
    /// A webhook of the user's, and something that it was being told when a function died.
    webhook: Uuid,
    delivery: Uuid,
}

impl Scene {
    async fn start() -> Self {
        Self::on(World::start().await).await
    }

    async fn on(world: World) -> Self {
        let admin = world.administrator().await;
        let user = world.account(1_000_000_000).await;
        let spare = world.another_key(&user, "inference").await;
        world
            .sql(&format!(
                "insert into gateway.roles (name, permissions) values ('helper', '{{inference}}'), ('unused', '{{inference}}');
                 update gateway.api_keys set rate_limits = '{{\"requests_per_minute\": 1}}' where id = '{}';
                 update gateway.accounts set username = 'somebody', plan = 'team' where id = '{}'",
                spare.key_id, user.id
            ))
            .await;
        let provider_key = world.further_own_key(user.id, "chutes", "secret", 0).await;
        world.sql(samples::catalog::ROWS).await;
        let chat = kept_chat(&world, &user).await;
        let response = stored_response(&world, &user).await;
        let payment = Bought::new(&world, &user, 1_000, 1_000, 0).await.id;
        let paid = paid(&world, &user).await;
        let coupon = coupon(&world, &user).await;
        let recommended_by = somebodys_code(&world).await;
        let subscription = subscribed(&world, &user).await;
        let (webhook, delivery) = (webhook(&world, &user).await, delivery(&world, &user).await);
        world.sql("update gateway.webhook_deliveries set state = 'sending', ended_at = null, attempts = 1").await;
        world
            .sql(&format!("insert into gateway.identities values ('wallet', '0x1', '{}', gateway.now())", user.id))
            .await;
        world
            .sql(&format!(
                "insert into gateway.auth_codes (code_hash, account_id, challenge, method, settings, expires_at)
                   values ('code', '{0}', 'challenge', 'plain', '{{\"name\": \"app\", \"scopes\": [\"inference\"]}}',
                           gateway.now() + interval '5 minutes');
                 insert into gateway.requests
                   (call_id, account_id, key_id, model, outcome, held, cost, answer_id, created_at, finished_at)
                   values ('{1}', '{0}', '{2}', '{3}', 'completed', 0, 0, 'answer', gateway.now(), gateway.now());
                 insert into gateway.chat_sessions (id, account_id, created_at, updated_at)
                   values ('{1}', '{0}', gateway.now(), gateway.now());
                 insert into gateway.chat_messages
                   (session_id, account_id, position, role, content, terms, bound, tokens, images, modalities, call_id, created_at)
                   values ('{1}', '{0}', 0, 'user', ('sealed', 1), '{{}}', 1, 1, 0, '{{}}', '{1}', gateway.now())",
                user.id,
                Uuid::now_v7(),
                user.key_id,
                tests::world::MODEL
            ))
            .await;
        Self {
            world,
            admin,
            user,
            spare,
            provider_key,
            chat,
            response,
            payment,
            paid,
            coupon,
            recommended_by,
            subscription,
            webhook,
            delivery,
        }
    }

    fn caller(&self, account: &Account) -> Value {
        json!({"key_hashes": [self.world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "test", "request_id": "r"})
    }
}

/// The arguments with another value at a place such as `call.choices`; at a place without a dot, the argument itself.
fn with(arguments: &Value, place: &str, value: Value) -> Value {
    let mut changed = arguments.clone();
    *changed.pointer_mut(&format!("/{}", place.replace('.', "/"))).expect(place) = value;
    changed
}

/// Every argument, and every member of those that are objects.
fn places(arguments: &Value) -> Vec<String> {
    let mut places = Vec::new();
    for (name, value) in arguments.as_object().expect("arguments") {
        places.push(name.clone());
        places.extend(value.as_object().into_iter().flatten().map(|(member, _)| format!("{name}.{member}")));
    }
    places
}

#[tokio::test]
async fn a_function_without_what_it_needs_changes_nothing_and_answers_nothing() {
    let Some(world) = World::catching("functions without what they need").await else { return };
    let scene = Scene::on(world).await;
    scene.world.sql(ATTEMPT).await;
    scene
        .world
        .sql(
            "insert into gateway.sign_in_codes (email_hash, code_hash, expires_at)
               values (gateway.proof_hash('email', 'ben@test.example'), 'hash', gateway.now() + interval '5 minutes')",
        )
        .await;
    // Whom the caller is may be unknown; what is known of where it calls from is for the record.
    let of_the_caller = ["caller.ip", "caller.user_agent", "caller.request_id"];
    let mut open = Vec::new();
    for sample in scene.samples() {
        let name = sample.function;
        let (answer, _) = scene.attempt(name, &sample.arguments).await;
        let answer = answer.unwrap_or_else(|| panic!("{name} does nothing with what it needs"));
        assert!(answer.get("refused").is_none(), "{name}: {answer}");
        let missing = places(&sample.arguments);
        let missing = missing.iter().filter(|place| !of_the_caller.contains(&place.as_str()));
        let missing = missing.filter(|place| !sample.nullable.contains(&place.as_str()));
        let nulls = missing.map(|place| (place.as_str(), Value::Null));
        for (place, value) in nulls.chain(sample.wrong.iter().map(|(place, value)| (*place, value.clone()))) {
            let (answer, changed) = scene.attempt(name, &with(&sample.arguments, place, value.clone())).await;
            let refused = answer.as_ref().is_none_or(|answer| answer.get("refused").is_some());
            if changed || !refused {
                open.push(format!("{name} with {place} {value}: changed {changed}, answered {}", json!(answer)));
            }
        }
    }
    // What only looks something up by a null finds nothing, and what is only for the record may lack it.
    let harmless = [
        "record_refusal with",
        "record_failed_sign_in with",
        "list_outdated_provider_keys with",
        "list_outdated_chats with",
        "list_outdated_responses with",
        "renew_provider_key with",
        "list_outdated_webhook_secrets with",
    ];
    open.retain(|case| !(harmless.iter().any(|name| case.starts_with(name)) && case.contains("changed false")));
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[tokio::test]
async fn every_function_that_takes_an_argument_is_tried() {
    let scene = Scene::start().await;
    let functions = "select jsonb_object_agg(proname, to_jsonb(proargnames)) from pg_proc
                     where pronamespace = 'public'::regnamespace and pronargs > 0";
    let functions = scene.world.value(functions).await;
    let samples = scene.samples();
    let known: BTreeSet<&str> = samples.iter().map(|sample| sample.function).collect();
    let all: BTreeSet<&str> = functions.as_object().expect("functions").keys().map(String::as_str).collect();
    assert_eq!(known, all);
    for sample in &samples {
        let arguments: BTreeSet<&str> =
            sample.arguments.as_object().expect("arguments").keys().map(String::as_str).collect();
        // A function whose argument has no name takes the whole body.
        let Some(takes) = functions[sample.function].as_array() else { continue };
        let takes = takes.iter().map(|name| name.as_str().expect("a name"));
        assert_eq!(arguments, takes.collect(), "{}", sample.function);
    }
}

#[tokio::test]
async fn a_settlement_that_lacks_what_it_is_charged_by_is_charged_its_hold() {
    let scene = Scene::start().await;
    let app = scene.world.platform.gateway().expect("an app");
    let supabase = app.supabase().expect("configured");
    // Any other price may be missing: then it is that of the prompt or the completion.
    for lost in ["price", "price/prompt", "price/completion", "price/request", "markup"] {
        let call_id = Uuid::now_v7();
        let call = json!({"call_id": call_id, "model": tests::world::MODEL, "providers": ["openrouter"], "allowed": [],
            "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
            "hold_seconds": 60, "markup": 10_000});
        let begun: Value = supabase
            .rpc("begin_request", &json!({"caller": scene.caller(&scene.user), "call": call}))
            .await
            .expect("a hold");
        let mut facts = tests::facts::facts(&begun, "openrouter");
        *facts.pointer_mut(&format!("/{lost}")).expect(lost) = Value::Null;
        let settlement = json!({"call_id": call_id, "outcome": "completed", "provider": "openrouter", "request_id": "r",
            "usage": {"prompt": 10, "completion": 20}, "hold": facts});
        let settled: Value = supabase.rpc("finish_request", &settlement).await.expect("a settle");
        assert_eq!(settled["cost"], begun["held"], "{lost}");
    }
    scene.world.assert_ledger_clean().await;
}
