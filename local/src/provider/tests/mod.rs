//! The stand-ins as a gateway sees them: through HTTP.

mod answers;
mod checks;
mod control;
mod failures;
mod formats;
mod messages;
mod shapes;
mod streams;
mod text;
mod usage;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{ProviderKeys, Providers, format::Format};

/// A client and the stand-ins it talks to.
struct Fixture {
    providers: Providers,
    client: Client,
}

impl Fixture {
    async fn start() -> Self {
        // The client wants a TLS provider even for plain HTTP; another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let providers = Providers::start(ProviderKeys::default()).await.expect("a free port");
        Self { providers, client: Client::builder().no_proxy().build().expect("a client") }
    }

    /// An authorised request to a provider's chat completions, without a body.
    fn request(&self, provider: &str) -> RequestBuilder {
        self.request_to(provider, Format::Chat)
    }

    /// The same to either endpoint.
    fn request_to(&self, provider: &str, format: Format) -> RequestBuilder {
        let url = format!("{}{}", self.providers.base_url(provider).expect("a provider"), format.path());
        let key = self.providers.key(provider).expect("a provider");
        let request = self.client.post(url).header("content-type", "application/json");
        if provider == "portkey" {
            request.header("x-portkey-api-key", key).header("x-portkey-provider", "openai")
        } else {
            request.bearer_auth(key)
        }
    }

    async fn send(&self, body: &Value) -> Response {
        self.send_to(Format::Chat, body).await
    }

    async fn send_to(&self, format: Format, body: &Value) -> Response {
        self.request_to("featherless", format).body(body.to_string()).send().await.expect("an answer")
    }

    /// The status and body of a plain answer.
    async fn plain(&self, body: &Value) -> (u16, Value) {
        self.plain_of(Format::Chat, body).await
    }

    async fn plain_of(&self, format: Format, body: &Value) -> (u16, Value) {
        let response = self.send_to(format, body).await;
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.expect("a body")).expect("JSON"))
    }

    /// The chunks of a stream that ends with `[DONE]`.
    async fn stream(&self, body: &Value) -> Vec<Value> {
        self.stream_of(Format::Chat, body).await
    }

    async fn stream_of(&self, format: Format, body: &Value) -> Vec<Value> {
        let mut body = body.clone();
        body["stream"] = json!(true);
        let response = self.send_to(format, &body).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().expect("ASCII").starts_with("text/event-stream"));
        let text = response.text().await.expect("a complete body");
        let (chunks, done) = data_lines(&text);
        assert!(done, "no [DONE] in {text}");
        chunks
    }
}

/// What every request asks.
const QUESTION: &str = "How far is the \u{6d77} from here?";

/// A request with one message of the user.
fn ask(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": QUESTION}]})
}

/// The same as a text to be completed, with room for as much as chat takes by itself.
fn ask_text(model: &str) -> Value {
    json!({"model": model, "prompt": QUESTION, "max_tokens": 4096})
}

/// The chunks of a stream's text that are JSON, and whether `[DONE]` ends it.
fn data_lines(text: &str) -> (Vec<Value>, bool) {
    let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let chunks = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (chunks, lines.last() == Some(&"[DONE]"))
}

/// The text of one choice, put together from a stream's chunks.
fn text_of(chunks: &[Value], choice: u64) -> String {
    let choices = chunks.iter().flat_map(|chunk| chunk["choices"].as_array().expect("choices"));
    choices.filter(|c| c["index"] == choice).filter_map(|c| c["delta"]["content"].as_str()).collect()
}

/// The number of chunks with text in them.
fn text_chunks(chunks: &[Value]) -> usize {
    let has_text = |chunk: &&Value| chunk["choices"][0]["delta"]["content"].as_str().is_some_and(|t| !t.is_empty());
    chunks.iter().filter(has_text).count()
}
