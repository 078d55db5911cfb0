//! Chats at OpenRouter's base URL: the same calls, worded as its clients read them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Route, World, events, hello};

use super::{ask, refused};

#[tokio::test]
async fn an_answer_has_what_openrouters_clients_read() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    let plain = ask(&world, Method::POST, "/chat/completions", &owner, &hello(&json!({}))).await;
    assert!(plain.header("x-generation-id").starts_with("gen-"), "{:?}", plain.headers);
    let answer = plain.success();
    assert!(answer.get("system_fingerprint").is_some(), "{answer}");
    assert_eq!(answer["choices"][0]["native_finish_reason"], answer["choices"][0]["finish_reason"]);
    let usage = &answer["usage"];
    assert!(usage["cost"].is_number() && usage["prompt_tokens_details"]["cached_tokens"].is_u64(), "{usage}");
    assert!(usage["completion_tokens_details"]["reasoning_tokens"].is_u64() && usage["is_byok"] == false, "{usage}");
    // At OpenAI's base URL none of that is added.
    let answer = world.completion(&owner.key, &hello(&json!({}))).await;
    assert!(answer["choices"][0].get("native_finish_reason").is_none(), "{answer}");
    // A stream has its usage unasked, once, in its last chunk; at OpenAI's base URL only where it is asked for.
    let streamed = hello(&json!({ "stream": true }));
    let chunks = ask(&world, Method::POST, "/chat/completions", &owner, &streamed).await.events();
    let with_usage: Vec<&Value> = chunks.iter().filter(|chunk| chunk["usage"].is_object()).collect();
    assert_eq!(with_usage, [chunks.last().expect("chunks")]);
    assert!(with_usage[0]["usage"]["cost"].is_number() && with_usage[0]["choices"] == json!([]), "{chunks:?}");
    let chunks = Answer::to(world.chat(&owner.key, &streamed)).await.events();
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none_or(Value::is_null)), "{chunks:?}");
}

#[tokio::test]
async fn errors_have_their_status_as_code_and_all_else_beside_it() {
    let world = World::start().await;
    let (owner, poor) = (world.account(1_000_000_000).await, world.account(1).await);
    let chat = "/chat/completions";
    let nobody = tests::world::Account { key: "gw_live_short".to_owned(), ..owner.clone() };
    let told = refused(&ask(&world, Method::POST, chat, &nobody, &hello(&json!({}))).await, 401, "invalid_api_key");
    assert_eq!(told["metadata"]["error_type"], "authentication");
    let told = refused(&ask(&world, Method::POST, chat, &poor, &hello(&json!({}))).await, 402, "insufficient_credits");
    assert_eq!(told["metadata"]["limit_source"], "openrouter_credits");
    assert!(told["metadata"]["required"].is_number(), "{told}");
    let wrong = hello(&json!({ "temperature": 9 }));
    let told = refused(&ask(&world, Method::POST, chat, &owner, &wrong).await, 400, "invalid_request");
    assert_eq!(told["metadata"]["param"], "temperature");
    refused(&ask(&world, Method::GET, "/nowhere", &owner, &Value::Null).await, 404, "not_found");
    refused(&ask(&world, Method::GET, chat, &owner, &Value::Null).await, 405, "method_not_allowed");
    // A mark that a rewrite leaves says that OpenAI's base URL was called.
    ask(&world, Method::POST, &format!("{chat}?dialect=openai"), &owner, &wrong).await.refused(400, "invalid_request");
    // So does a failure in the middle of a stream.
    world.model("test/cut", &[Route::new("openrouter", "standin/cut")]).await;
    let cut = json!({ "model": "test/cut", "stream": true, "messages": [{ "role": "user", "content": "Hello" }] });
    let chunks = ask(&world, Method::POST, chat, &owner, &cut).await.events();
    let last = chunks.last().expect("chunks");
    assert_eq!((&last["error"]["code"], &last["choices"][0]["finish_reason"]), (&json!(502), &json!("error")), "{last}");
    let chunks = events(&Answer::to(world.chat(&owner.key, &cut)).await.text);
    assert_eq!(chunks.last().expect("chunks")["error"]["code"], "upstream_error");
}
