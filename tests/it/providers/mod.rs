//! What a provider's behaviour means for the caller, the balance and the other providers.

mod breaker;
mod failures;
mod framing;
mod request;
mod uncounted;
mod wishes;

use local::provider::{NAMES, RAW_MARKER};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tests::certain;
use tests::world::{MODEL, Route, World, events, hello, send};

/// What an account of these tests starts with.
const CREDIT: i64 = 1_000_000_000;

/// An answer to the client, whole.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// Reads it, and makes sure that nothing is in it that only a provider and we may know.
    async fn read(world: &World, response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = certain("a body", response.text()).await.expect("a body");
        let all = format!("{headers:?} {text}");
        let keys = NAMES.iter().filter_map(|name| world.platform.providers.key(name));
        for secret in keys.chain([RAW_MARKER]) {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        Self { status, headers, text }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// Who served it.
    fn provider(&self) -> &str {
        self.header("x-gateway-provider")
    }

    /// The stream's events.
    fn events(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        events(&self.text)
    }

    /// The text of the answer's one choice, plain or streamed.
    fn content(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if self.header("content-type") == "text/event-stream" {
            return self.events().iter().map(|event| text(&event["choices"][0]["delta"]["content"])).collect();
        }
        text(&self.json()["choices"][0]["message"]["content"])
    }
}

/// A short completion, plain or streamed.
fn body(stream: bool) -> Value {
    hello(&json!({ "stream": stream }))
}

/// Makes a call and waits until it is settled.
async fn ask(world: &World, key: &str, body: &Value) -> Answer {
    ask_at(world, &world.base_url, key, body).await
}

/// The same at another gateway.
async fn ask_at(world: &World, base_url: &str, key: &str, body: &Value) -> Answer {
    let url = format!("{base_url}/v1/chat/completions");
    let request = world.http.post(url).bearer_auth(key).header("content-type", "application/json");
    let answer = Answer::read(world, send(request.body(body.to_string())).await).await;
    world.settled().await;
    answer
}

/// A route that is only taken when the cheaper one fails.
fn dearer<'a>(provider: &'a str, upstream: &'a str) -> Route<'a> {
    Route { prompt: 2_000_000_000, cached: 1_000_000_000, completion: 4_000_000_000, ..Route::new(provider, upstream) }
}

/// The model is served by OpenRouter, which behaves so, and after it by Chutes, which is well.
async fn with_fallback(world: &World, behaviour: &str) {
    let upstream = format!("standin/{behaviour}");
    world.model(MODEL, &[Route::new("openrouter", &upstream), dearer("chutes", "standin/normal")]).await;
    forget(world).await;
}

/// The model is served by OpenRouter only, which behaves so.
async fn alone(world: &World, behaviour: &str) {
    world.model(MODEL, &[Route::new("openrouter", &format!("standin/{behaviour}"))]).await;
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
    world.value("select to_jsonb(r) from gateway.requests r order by call_id desc limit 1").await
}

/// Prompt and completion tokens of a record at [`Route::new`]'s prices, in nano-dollars.
fn price(record: &Value) -> i64 {
    let tokens = |name: &str| record[name].as_i64().expect("a number");
    tokens("prompt_tokens") * 1_000 + tokens("completion_tokens") * 2_000
}
