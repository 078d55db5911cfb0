//! What a provider's behaviour means for the caller, the balance and the other providers.

mod breaker;
mod callers_fault;
mod connections;
mod context;
mod failures;
mod fake;
mod forms;
mod framing;
mod hedged;
mod internal;
mod naming;
mod reported;
mod request;
mod rows;
mod sessions;
mod several_keys;
mod speed;
mod stand_ins;
mod strict;
mod tools;
mod uncounted;
mod wishes;

use local::provider::{NAMES, RAW_MARKER};
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::Wire;
use tests::world::{CREDIT, Route, World};

/// Who served an answer.
fn provider(answer: &Answer) -> &str {
    answer.header("x-gateway-provider")
}

/// A short call, plain or streamed.
fn body(wire: &Wire, stream: bool) -> Value {
    wire.hello(&json!({ "stream": stream }))
}

/// Makes a call and waits until it is settled.
async fn ask(wire: &Wire, world: &World, key: &str, body: &Value) -> Answer {
    ask_at(wire, world, &world.base_url, key, body).await
}

/// The same at another gateway. Nothing is in an answer that only a provider and we may know.
async fn ask_at(wire: &Wire, world: &World, base_url: &str, key: &str, body: &Value) -> Answer {
    let url = format!("{base_url}{}", wire.path());
    let request = world.http.post(url).bearer_auth(key).header("content-type", "application/json");
    let answer = Answer::to(request.body(body.to_string())).await;
    let all = format!("{:?} {}", answer.headers, answer.text);
    let keys = NAMES.iter().filter_map(|name| world.platform.providers.key(name));
    for secret in keys.chain([RAW_MARKER]) {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    world.settled().await;
    answer
}

/// Whether a provider was given up since it was silent.
fn is_given_up(answer: &Answer) -> bool {
    answer.text.contains("upstream_timeout")
}

/// A route that is only taken when the cheaper one fails.
fn dearer<'a>(provider: &'a str, upstream: &'a str) -> Route<'a> {
    Route { prompt: 2_000_000_000, cached: 1_000_000_000, completion: 4_000_000_000, ..Route::new(provider, upstream) }
}

/// The model is served by the wire's provider, which behaves so, and after it by Chutes, which is well.
async fn with_fallback(wire: &Wire, world: &World, behaviour: &str) {
    let upstream = format!("standin/{behaviour}");
    world.model(wire.model, &[Route::new(wire.provider, &upstream), dearer("chutes", "standin/normal")]).await;
    forget(world).await;
}

/// The model is served by the wire's provider only, which behaves so.
async fn alone(wire: &Wire, world: &World, behaviour: &str) {
    world.serves(wire, &format!("standin/{behaviour}")).await;
    forget(world).await;
}

/// Forgets breakers and recorded requests: the next case starts anew.
async fn forget(world: &World) {
    world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
    let control = world.platform.providers.control();
    control.record(true);
    control.clear();
}

/// The providers that were asked, in order.
fn asked(world: &World) -> Vec<&'static str> {
    world.platform.providers.control().requests().iter().map(|request| request.provider).collect()
}

/// The columns of the newest call's record, as JSON.
async fn newest(world: &World) -> Value {
    world.newest_call().await
}
