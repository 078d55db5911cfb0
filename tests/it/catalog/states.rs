//! A catalog that is empty or lacks something: a proper error, and no hold.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello};

use super::{data, get};

async fn refused(world: &World, account: &Account, members: Value, status: u16, code: &str) -> Value {
    let answer = Answer::to(world.chat(&account.key, &hello(&members))).await;
    let error = answer.refused(status, code);
    assert_eq!(world.value("select count(*) from gateway.holds where state = 'open'").await, json!(0));
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(0));
    error
}

#[tokio::test]
async fn an_empty_database_lists_nothing_and_knows_no_model() {
    let world = World::start().await;
    world.sql("delete from gateway.models").await;
    for path in ["/models", "/v1/models"] {
        let list = get(&world, path).await.success();
        assert_eq!((data(&list).len(), &list["has_more"], &list["next_cursor"]), (0, &json!(false), &Value::Null));
    }
    get(&world, "/v1/models/test/model").await.refused(404, "model_not_found");
    let account = world.account(1_000_000_000).await;
    refused(&world, &account, json!({}), 404, "model_not_found").await;
    assert_eq!(get(&world, "/health").await.status, 200);
    // No key is known either.
    world.sql("delete from gateway.api_keys").await;
    Answer::to(world.get("/user/balance", &account.key)).await.refused(401, "invalid_api_key");
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(401, "invalid_api_key");
}

#[tokio::test]
async fn a_model_without_a_price_is_never_used() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for unpriced in ["prompt_price = null", "completion_price = null", "prompt_price = null, completion_price = null"] {
        world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
        world.sql(&format!("update gateway.model_routes set {unpriced}")).await;
        refused(&world, &account, json!({}), 503, "model_not_priced").await;
        let model = get(&world, "/models/test/model").await.success();
        assert_eq!((&model["routes"][0]["pricing"], &model["free"]), (&Value::Null, &json!(false)));
    }
    world.sql("delete from gateway.model_routes").await;
    refused(&world, &account, json!({}), 503, "model_not_priced").await;
    // Of two routes the priced one serves.
    world
        .model(MODEL, &[Route::new("openrouter", "standin/normal"), Route::new("chutes", "standin/status?code=500")])
        .await;
    world.sql("update gateway.model_routes set prompt_price = null where provider = 'chutes'").await;
    let served = world.completion(&account.key, &hello(&json!({}))).await;
    assert_eq!(served["gateway"]["provider"], "openrouter");
}

#[tokio::test]
async fn a_model_that_no_usable_provider_serves_has_no_provider() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    refused(&world, &account, json!({"provider": {"only": ["chutes"]}}), 503, "no_provider").await;
    refused(&world, &account, json!({"provider": {"ignore": ["openrouter"]}}), 503, "no_provider").await;
    refused(&world, &account, json!({"model": format!("chutes:{MODEL}")}), 503, "no_provider").await;
    world.sql("update gateway.model_routes set enabled = false").await;
    refused(&world, &account, json!({}), 503, "no_provider").await;
    world.sql("update gateway.model_routes set enabled = true, provider = 'unheard-of'").await;
    refused(&world, &account, json!({}), 503, "no_provider").await;
}

#[tokio::test]
async fn a_provider_without_a_key_of_ours_is_not_asked() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let keyless = world.another_gateway_with(&[("OPENROUTER_API_KEY", "")]).await;
    let request = world.http.post(format!("{keyless}/v1/chat/completions")).bearer_auth(&account.key);
    Answer::to(request.body(hello(&json!({})).to_string())).await.refused(503, "no_provider");
}

#[tokio::test]
async fn a_model_of_images_does_not_chat() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.sql("update gateway.models set kind = 'image', output_modalities = '{image}'").await;
    assert_eq!(refused(&world, &account, json!({}), 400, "unsupported_model").await["param"], "model");
}

#[tokio::test]
async fn what_a_model_does_not_take_is_refused_with_what_it_takes() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.sql("update gateway.models set input_modalities = '{text}'").await;
    let parts = [
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}),
        json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
        json!({"type": "file", "file": {"file_id": "f"}}),
        json!({"type": "video_url", "video_url": {"url": "https://x.test/v"}}),
    ];
    for part in parts {
        let messages = json!([{"role": "user", "content": [{"type": "text", "text": "See"}, part]}]);
        let error = refused(&world, &account, json!({"messages": messages}), 400, "unsupported_modality").await;
        assert_eq!((&error["param"], &error["takes"]), (&json!("messages"), &json!(["text"])));
    }
    world.completion(&account.key, &hello(&json!({}))).await;
}

#[tokio::test]
async fn a_disabled_model_is_as_one_that_is_not_there() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.sql("update gateway.models set enabled = false").await;
    refused(&world, &account, json!({}), 404, "model_not_found").await;
}

#[tokio::test]
async fn a_model_that_an_agent_asks_for_by_itself_and_nobody_has_is_refused_with_those_that_are_near() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for name in ["openai/gpt-6.1-sol", "openai/gpt-6-sol", "anthropic/claude-opus-5.5"] {
        world.model(name, &[Route::new("openrouter", "standin/normal")]).await;
    }
    let wire = tests::wire::formats().find(|wire| wire.path() == "/v1/responses").expect("a wire");
    let body = wire.hello(&json!({"model": "gpt-6.2-sol"}));
    let told = Answer::to(world.call(wire, &account.key, &body)).await.refused(404, "model_not_found");
    let near = told["suggestions"].as_array().expect("suggestions");
    assert!(near[..2].contains(&json!("openai/gpt-6.1-sol")), "{told}");
    // Codex shows this text and stops.
    let message = told["message"].as_str().expect("a message");
    assert!(message.contains("openai/gpt-6.1-sol") && message.contains("GET /v1/models"), "{message}");
}
