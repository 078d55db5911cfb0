//! OpenRouter's API as its clients know it, at `/api/v1`.

mod calls;
mod catalog;
mod keys;
mod pkce;
mod several_models;
mod shapes;
mod wishes;

use reqwest::Method;
use serde_json::Value;
use tests::answer::Answer;
use tests::world::{Account, World};

/// A request at OpenRouter's base URL, with a body unless it is null.
async fn ask(world: &World, method: Method, path: &str, by: &Account, body: &Value) -> Answer {
    let request = world.http.request(method, format!("{}/api/v1{path}", world.base_url)).bearer_auth(&by.key);
    Answer::to(if body.is_null() {
        request
    } else {
        request.header("content-type", "application/json").body(body.to_string())
    })
    .await
}

async fn get(world: &World, path: &str, by: &Account) -> Answer {
    ask(world, Method::GET, path, by, &Value::Null).await
}

/// The error object of a refusal that is worded as OpenRouter's clients read it.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let error = answer.json()["error"].clone();
    assert_eq!(
        (answer.status, &error["code"], &error["metadata"]["error_code"]),
        (status, &status.into(), &code.into()),
        "{}",
        answer.text
    );
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.text);
    error
}
