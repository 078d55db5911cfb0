//! A plain answer that the gateway has put together from a stream is the provider's own plain answer, member by member,
//! in every shape that providers give.

use local::provider::behaviour::shapes;
use serde_json::{Value, json};
use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{MODEL, World};

use super::translated::{as_chat, as_message, as_response, as_texts, without_names};

/// The shapes that the stand-in has recorded of text completions, of messages and of responses; all others are chat's alone.
const OF_TEXTS: usize = 6;
const OF_MESSAGES: usize = 7;
const OF_RESPONSES: usize = 9;

/// The limit of each call.
pub const LIMIT: u64 = 200;

/// What no message and no response can ask a chat for: several answers, sound, pictures, and tools as they do not have them.
const NEVER_ASKED: [&str; 5] = ["choices", "custom-tools", "function-call", "audio", "images"];

/// The provider's own plain answer in the format in which the gateway asks it; none where it has not this shape. What is
/// recorded is the same at every provider.
async fn its_own(world: &World, wire: &Wire, shape: &str) -> Option<Value> {
    const ANY: &str = "openrouter";
    let native = WIRES.iter().find(|native| native.format == wire.upstream()).expect("a wire of every format");
    let provider = PROVIDERS.iter().find(|provider| provider.name == ANY).expect("a provider");
    let path = provider.path(native.format).expect("it speaks all");
    let standin = &world.platform.providers;
    let url = format!("{}{path}", standin.base_url(ANY).expect("a provider"));
    let request = world.http.post(url).bearer_auth(standin.key(ANY).expect("a key"));
    let mut body = native.hello(&json!({ "model": shape }));
    if native.format == Format::Responses {
        // It keeps nothing, and wants to be told so.
        body["store"] = json!(false);
    }
    let body = body.to_string();
    let answer = Answer::to(request.header("content-type", "application/json").body(body)).await;
    (answer.status != 404).then(|| answer.success())
}

/// The gateway's plain answer, without what it adds: the cost and who served it. The model has the catalog's name in it.
async fn the_gateways(world: &World, key: &str, wire: &Wire, shape: &str) -> Value {
    world.serves(wire, shape).await;
    let mut body = wire.hello(&json!({ "max_tokens": LIMIT }));
    if wire.format == Format::Responses {
        body["store"] = json!(false);
    }
    let mut answer = Answer::to(world.call(wire, key, &body)).await.success();
    let added = answer.as_object_mut().expect("an object").remove("gateway");
    let added = added.expect("who served it");
    assert_eq!((&added["provider"], &added["upstream_model"]), (&json!(wire.provider), &json!(shape)));
    // As at OpenRouter, beside the model; a message and a response have it in the note alone.
    let beside = (!wire.always_bills()).then(|| json!(wire.provider));
    assert_eq!(answer.as_object_mut().and_then(|answer| answer.remove("provider")), beside);
    let cost = answer["usage"].as_object_mut().and_then(|usage| usage.remove("cost"));
    assert!(cost.is_some(), "{answer}");
    answer
}

#[tokio::test]
async fn a_plain_answer_is_the_providers_own_in_every_shape() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    let mut unlike = Vec::new();
    for wire in &WIRES {
        let mut compared = 0;
        for shape in shapes() {
            let Some(own) = its_own(&world, wire, &shape).await else { continue };
            let is_asked = !wire.always_bills()
                || wire.upstream() == wire.format
                || !NEVER_ASKED.iter().any(|name| shape.ends_with(&format!("shape-{name}")));
            if !is_asked {
                continue;
            }
            control.record(true);
            control.clear();
            let mut answer = the_gateways(&world, &account.key, wire, &shape).await;
            control.record(false);
            // It is a stream that was asked for.
            assert_eq!(control.requests()[0].body["stream"], true, "{}: {shape}", wire.name);
            let mut expected = match (wire.format, wire.upstream()) {
                (Format::Responses, Format::Responses) => {
                    let mut own = own;
                    // The client's own limit, and not what the hold made of it.
                    own["max_output_tokens"] = json!(LIMIT);
                    // The response's id is the gateway's, who stores it.
                    assert!(answer["id"].as_str().is_some_and(|id| id.starts_with("resp_")), "{answer}");
                    own["id"] = answer["id"].clone();
                    own
                }
                (format, upstream) if format == upstream => own,
                (Format::Messages, _) => as_message(&own),
                (Format::Responses, Format::Chat) => {
                    answer = without_names(answer);
                    as_response(&own)
                }
                (Format::Responses, _) => {
                    answer = without_names(answer);
                    as_response(&as_chat(&own))
                }
                (Format::Completions, Format::Chat) => as_texts(own),
                (_, _) => {
                    let made = answer.as_object_mut().expect("an object").remove("created");
                    assert!(made.is_some_and(|made| made.as_u64() > Some(1_700_000_000)), "{answer}");
                    let chat = as_chat(&own);
                    if wire.format == Format::Chat { chat } else { as_texts(chat) }
                }
            };
            expected["model"] = json!(MODEL);
            // Whom an aggregator asked is not who served it here.
            expected.as_object_mut().expect("an object").remove("provider");
            if answer != expected {
                unlike.push(format!("{}: {shape}\n  gateway  {answer}\n  provider {expected}", wire.name));
            }
            compared += 1;
        }
        let recorded = match (wire.format, wire.upstream()) {
            (Format::Messages | Format::Responses, Format::Chat) => shapes().count() - NEVER_ASKED.len(),
            (_, Format::Chat) => shapes().count(),
            (_, Format::Completions) => OF_TEXTS,
            (_, Format::Messages) => OF_MESSAGES,
            (_, Format::Responses) => OF_RESPONSES,
            (_, _) => 0,
        };
        assert_eq!(compared, recorded, "{}", wire.name);
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
    world.settled().await;
    world.assert_ledger_clean().await;
}
