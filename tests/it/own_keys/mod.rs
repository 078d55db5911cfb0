//! Users' own keys at the providers: what they open, what they cost, and where they are never seen.

mod byok;
mod calls;
mod fee;
mod keyring;
mod management;
mod several;

use serde_json::{Value, json};
use tests::wire::{WIRES, Wire};
use tests::world::{Account, Deployment, MODEL, Route, World};

/// A key of a customer of the stand-in's.
const OWN: &str = "sk-own-0123456789abcdef";

/// A world in which an account without any credit has its own key at OpenRouter, which is right there.
async fn with_own_key() -> (World, Account) {
    with_own_key_of(&Deployment::new().await, &WIRES[0]).await
}

/// The same at the wire's provider, which serves the model.
async fn with_own_key_of(deployment: &Deployment, wire: &Wire) -> (World, Account) {
    let world = World::of(deployment, &[]).await;
    world.platform.providers.control().add_customer(wire.provider, OWN).expect("a provider");
    world.serves(wire, "standin/normal").await;
    let account = world.account(0).await;
    world.own_key(account.id, wire.provider, OWN).await;
    (world, account)
}

/// Lets a second provider serve the model of most tests, dearer than the first.
async fn second_route(wire: &Wire, world: &World) {
    let dearer = Route { prompt: 5_000_000_000, ..Route::new("chutes", "standin/normal") };
    world.model(MODEL, &[Route::new(wire.provider, "standin/normal"), dearer]).await;
}

/// Which provider served, by the answer.
fn served_by(answer: &Value) -> &str {
    answer["gateway"]["provider"].as_str().unwrap_or_default()
}

/// What the requests' records say of an account's calls.
async fn recorded(world: &World, account: &Account) -> Value {
    let sql = format!(
        "select jsonb_agg(jsonb_build_object('cost', cost, 'own_key', own_key, 'provider', provider, 'outcome', outcome)
                          order by finished_at)
         from gateway.requests where account_id = '{}'",
        account.id
    );
    let rows = world.value(&sql).await;
    if rows.is_null() { json!([]) } else { rows }
}
