//! A picture is held for by its model's tokens of one. What has pages or seconds must not come in a picture's place.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{CREDIT, MODEL, Route, World};

use super::assert_nothing_left;

/// A request of each format with this address, or data of this media type, in a picture's place.
fn requests(url: &str) -> Vec<(&'static str, Value, &'static str)> {
    let chat = |part: Value| json!({"model": MODEL, "messages": [{"role": "user", "content": [part]}]});
    let message =
        |block: Value| json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]});
    let response = |part: Value| json!({"model": MODEL, "input": [{"role": "user", "content": [part]}]});
    let output = |part: Value| json!({"model": MODEL, "input": [{"type": "function_call_output", "call_id": "c", "output": [part]}]});
    let mut requests = vec![
        ("/v1/chat/completions", chat(json!({"type": "image_url", "image_url": {"url": url}})), "messages[0].content"),
        ("/v1/chat/completions", chat(json!({"type": "image_url", "image_url": url})), "messages[0].content"),
        (
            "/v1/messages",
            message(json!({"type": "image", "source": {"type": "url", "url": url}})),
            "messages[0].content",
        ),
        ("/v1/responses", response(json!({"type": "input_image", "image_url": url})), "input[0].content"),
        ("/v1/responses", output(json!({"type": "input_image", "image_url": url})), "input[0].output"),
    ];
    if let Some((media_type, data)) = url.strip_prefix("data:").and_then(|url| url.split_once(";base64,")) {
        let source = json!({"type": "base64", "media_type": media_type, "data": data});
        let image = json!({"type": "image", "source": source});
        requests.push(("/v1/messages", message(image.clone()), "messages[0].content"));
        let result = json!({"type": "tool_result", "tool_use_id": "t", "content": [image]});
        requests.push(("/v1/messages", message(result), "messages[0].content"));
    }
    requests
}

#[tokio::test]
async fn a_document_a_sound_or_a_film_is_no_picture_in_any_format() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
    world
        .sql(&format!(
            "update gateway.models set input_modalities = '{{text,image,file,audio,video}}' where id = '{MODEL}'"
        ))
        .await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    for url in [
        "data:application/pdf;base64,JVBERi0=",
        "data:video/mp4;base64,AAAA",
        "DATA:audio/wav;base64,AAAA",
        " data:video/mp4,x",
    ] {
        for (path, body, param) in requests(url) {
            let told = Answer::to(world.post(path, &account.key, &body)).await.refused(400, "invalid_request");
            assert!(told["message"].as_str().is_some_and(|said| said.contains("data:image/")), "{path} {body}: {told}");
            assert_eq!(told["param"], param, "{path} {body}");
        }
    }
    assert!(world.platform.providers.control().requests().is_empty());
    for url in ["data:image/png;base64,iVBORw0KGgo=", "https://example.com/a.png"] {
        for (path, body, _) in requests(url) {
            let answer = Answer::to(world.post(path, &account.key, &body)).await;
            // Whatever else a provider may say of it.
            assert!(!answer.text.contains("begins with data:image/"), "{path} {body}: {}", answer.text);
        }
    }
    assert!(world.platform.providers.control().requests().len() >= 7);
    assert_nothing_left(&world).await;
}
