//! A plain answer that the gateway has put together from a stream is the provider's own plain answer, member by member,
//! in every shape that providers give.

use local::provider::behaviour::shapes;
use serde_json::{Map, Value, json};
use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{MODEL, World};

/// The shapes that the stand-in has recorded of text completions; all others are chat's alone.
const OF_TEXTS: usize = 6;

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
    let body = native.hello(&json!({ "model": shape })).to_string();
    let answer = Answer::to(request.header("content-type", "application/json").body(body)).await;
    (answer.status != 404).then(|| answer.success())
}

/// The gateway's plain answer, without what it adds: the cost and who served it. The model has the catalog's name in it.
async fn the_gateways(world: &World, key: &str, wire: &Wire, shape: &str) -> Value {
    world.serves(wire, shape).await;
    let mut answer = Answer::to(world.call(wire, key, &wire.hello(&json!({ "max_tokens": 200 })))).await.success();
    let added = answer.as_object_mut().expect("an object").remove("gateway");
    let added = added.expect("who served it");
    assert_eq!((&added["provider"], &added["upstream_model"]), (&json!(wire.provider), &json!(shape)));
    assert_eq!(answer.as_object_mut().and_then(|answer| answer.remove("provider")), Some(json!(wire.provider)));
    let cost = answer["usage"].as_object_mut().and_then(|usage| usage.remove("cost"));
    assert!(cost.is_some(), "{answer}");
    answer
}

/// The text completion that says what a chat completion says: its texts, and how likely they were.
fn as_texts(mut chat: Value) -> Value {
    chat["object"] = json!("text_completion");
    for choice in chat["choices"].as_array_mut().expect("choices") {
        let message = &choice["message"];
        let said = if message["content"].is_null() { &message["refusal"] } else { &message["content"] };
        let text = match said {
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            said => said.as_str().unwrap_or_default().to_owned(),
        };
        let tokens = choice["logprobs"]["content"].as_array().map(|tokens| likelihoods(tokens));
        *choice = json!({"text": text, "index": choice["index"], "logprobs": tokens, "finish_reason": choice["finish_reason"]});
    }
    chat
}

/// Likelihoods as text completions have them: a list of each thing in place of a list of tokens.
fn likelihoods(tokens: &[Value]) -> Value {
    let each = |name: &str| tokens.iter().map(|token| token[name].clone()).collect::<Vec<_>>();
    let (mut offset, mut offsets) = (0, Vec::new());
    for token in tokens {
        offsets.push(offset);
        offset += token["token"].as_str().expect("a token").chars().count();
    }
    let top = |token: &Value| {
        let others = token["top_logprobs"].as_array().expect("others").iter();
        others
            .map(|other| (other["token"].as_str().expect("a token").to_owned(), other["logprob"].clone()))
            .collect::<Map<_, _>>()
    };
    json!({"tokens": each("token"), "token_logprobs": each("logprob"), "text_offset": offsets,
           "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>()})
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
            control.record(true);
            control.clear();
            let answer = the_gateways(&world, &account.key, wire, &shape).await;
            control.record(false);
            // It is a stream that was asked for.
            assert_eq!(control.requests()[0].body["stream"], true, "{}: {shape}", wire.name);
            let mut expected = if wire.format == wire.upstream() { own } else { as_texts(own) };
            expected["model"] = json!(MODEL);
            // Whom an aggregator asked is not who served it here.
            expected.as_object_mut().expect("an object").remove("provider");
            if answer != expected {
                unlike.push(format!("{}: {shape}\n  gateway  {answer}\n  provider {expected}", wire.name));
            }
            compared += 1;
        }
        let recorded = if wire.upstream() == Format::Chat { shapes().count() } else { OF_TEXTS };
        assert_eq!(compared, recorded, "{}", wire.name);
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
    world.settled().await;
    world.assert_ledger_clean().await;
}
