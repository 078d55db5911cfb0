//! What is written into a prompt cache costs more, for an hour more than for five minutes: held and charged as it was asked for
//! and as it was written, through messages and chats, natively and translated.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{CREDIT, MODEL, Route, World, nanos};

/// Nano-dollars a token: of the prompt, written for five minutes, written for an hour, of the completion.
const PROMPT: i64 = 1_000;
const WRITTEN: i64 = 1_250;
const WRITTEN_LONG: i64 = 2_000;
const COMPLETION: i64 = 2_000;

/// The output limit of the calls.
const LIMIT: i64 = 50;

/// A prompt that is worth a cache, marked with one that lives so long.
fn body(wire: &Wire, ttl: Option<&str>, stream: bool) -> Value {
    let mut cache = json!({ "type": "ephemeral" });
    if let Some(ttl) = ttl {
        cache["ttl"] = json!(ttl);
    }
    let long = json!({ "type": "text", "text": "a word ".repeat(1_000), "cache_control": cache });
    let mut body = wire.hello(&json!({ "max_tokens": LIMIT, "stream": stream }));
    body["messages"] = json!([{ "role": "user", "content": [long, { "type": "text", "text": "Hello" }] }]);
    for (name, value) in wire.with_usage(true).as_object().expect("members").iter().filter(|_| stream) {
        body[name] = value.clone();
    }
    body
}

/// The wires of which a cache of an hour can be asked.
fn wires() -> impl Iterator<Item = &'static Wire> {
    WIRES.iter().filter(|wire| matches!(wire.format, Format::Chat | Format::Messages))
}

/// The tokens that an answer reports: of the prompt, those of them that were written, those of the completion.
fn counts(usage: &Value) -> [i64; 3] {
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_i64);
    let written = count("/prompt_tokens_details/cache_write_tokens").or_else(|| count("/cache_creation_input_tokens"));
    [count("/prompt_tokens").expect("tokens"), written.unwrap_or(0), count("/completion_tokens").expect("tokens")]
}

/// Makes a call; what its answer says of its usage, and its row.
async fn call(wire: &Wire, world: &World, key: &str, body: &Value) -> (Value, Value) {
    world.platform.providers.control().record(true);
    world.platform.providers.control().clear();
    let answer = Answer::to(world.call(wire, key, body)).await;
    assert_eq!(answer.status, 200, "{}: {}", wire.name, answer.text);
    let parts = if body["stream"] == json!(true) { answer.events() } else { vec![answer.json()] };
    let usage = parts.iter().map(|part| wire.usage(part)).rfind(|usage| !usage.is_null()).expect("a bill");
    world.settled().await;
    let row = world.value("select to_jsonb(r) from gateway.requests r order by call_id desc limit 1").await;
    (usage, row)
}

async fn serve(world: &World, provider: &str, long_price: Option<i64>) {
    world.model(MODEL, &[Route::new(provider, "standin/normal")]).await;
    let long = long_price.map_or("null".to_owned(), |price| (price * 1_000_000).to_string());
    let prices = format!("written_price = {}, written_long_price = {long}", WRITTEN * 1_000_000);
    world.sql(&format!("update gateway.model_routes set {prices} where model_id = '{MODEL}'")).await;
}

#[tokio::test]
async fn an_hour_is_held_and_charged_at_its_own_price_and_five_minutes_at_theirs() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    // Who speaks Messages tells apart how long what was written lives.
    for wire in wires().filter(|wire| wire.upstream() == Format::Messages) {
        serve(&world, wire.provider, Some(WRITTEN_LONG)).await;
        for (ttl, price) in [(Some("1h"), WRITTEN_LONG), (Some("5m"), WRITTEN), (None, WRITTEN)] {
            for stream in [false, true] {
                let case = format!("{}, {ttl:?}, stream: {stream}", wire.name);
                let (usage, row) = call(wire, &world, &account.key, &body(wire, ttl, stream)).await;
                let [prompt, written, completion] = counts(&usage);
                assert!(written >= 1_024 && written < prompt, "{case}: {usage}");
                if wire.format == Format::Messages {
                    let long = if ttl == Some("1h") { written } else { 0 };
                    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], json!(long), "{case}: {usage}");
                }
                let cost = (prompt - written) * PROMPT + written * price + completion * COMPLETION;
                assert_eq!(nanos(&usage["cost"]), cost, "{case}: {usage}");
                assert_eq!(row["cost"], json!(cost), "{case}");
                // Held at the dearest that may come of it, a token a byte.
                let held = row["held"].as_i64().expect("a hold") - LIMIT * COMPLETION;
                assert!(held % price == 0 && held / price > prompt, "{case}: {row}");
            }
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn where_an_hour_has_no_price_or_is_not_told_apart_five_minutes_are_asked_for_and_charged() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for wire in wires() {
        let tells_apart = wire.upstream() == Format::Messages;
        serve(&world, wire.provider, (!tells_apart).then_some(WRITTEN_LONG)).await;
        let (usage, _) = call(wire, &world, &account.key, &body(wire, Some("1h"), false)).await;
        let requests = world.platform.providers.control().requests();
        assert!(!requests[0].body.to_string().contains("1h"), "{}: {}", wire.name, requests[0].body);
        let [prompt, written, completion] = counts(&usage);
        let cost = (prompt - written) * PROMPT + written * WRITTEN + completion * COMPLETION;
        assert_eq!((nanos(&usage["cost"]), written > 0), (cost, tells_apart), "{}: {usage}", wire.name);
    }
    world.assert_ledger_clean().await;
}
