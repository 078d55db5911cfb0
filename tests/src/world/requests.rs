//! Requests to a gateway, and answers to them.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{MODEL, World};
use crate::certain;

impl World {
    /// A GET with this key.
    pub fn get(&self, path: &str, key: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base_url)).bearer_auth(key)
    }

    /// A POST of JSON with this key.
    pub fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base_url))
            .bearer_auth(key)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A chat completion with this key; [`hello`] makes bodies.
    pub fn chat(&self, key: &str, body: &Value) -> RequestBuilder {
        self.post("/v1/chat/completions", key, body)
    }

    /// Sends a plain chat completion that must be served and gives its JSON.
    ///
    /// # Panics
    /// When it is not served.
    pub async fn completion(&self, key: &str, body: &Value) -> Value {
        let (status, answer) = read(send(self.chat(key, body)).await).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

/// A short chat completion of [`MODEL`], with further members.
///
/// # Panics
/// When `further` is not an object.
#[must_use]
pub fn hello(further: &Value) -> Value {
    let mut body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "Hello" }] });
    let members = further.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

/// Sends a request that must be answered.
///
/// # Panics
/// When it is not.
pub async fn send(request: RequestBuilder) -> Response {
    certain("an answer", request.send()).await.expect("an answer")
}

/// A response's status and JSON.
///
/// # Panics
/// When the body is not JSON.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = certain("a body", response.text()).await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}")))
}

/// The `data:` events of a stream's text, parsed, without `[DONE]`.
///
/// # Panics
/// When one is not JSON.
#[must_use]
pub fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("not JSON: {data}"))).collect()
}
