//! A deployment's life, played through the compiled function as Vercel runs it in production: what it was asked, what
//! it answered and stored, and everything that must stay a secret of it. Each chapter is a file.
//!
//! - `calls`: completions with credit, and all that can go wrong with them.
//! - `sign_ins`: by tokens, by mailed codes, in vain.
//! - `keys`: made, used, rotated, ended.
//! - `own_keys`: at the providers; used, refused, replaced.
//! - `administration`: what administrators do and read.
//! - `misconfigured`: functions that were given wrong secrets.
//! - `routes`: every operation of the table, once.
//! - `stored`: what the stores hold at a moment.
//! - `secrets`: what is looked for.

mod administration;
mod calls;
mod keys;
mod misconfigured;
mod own_keys;
mod routes;
pub mod secrets;
mod sign_ins;
mod stored;

use http::HeaderValue;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::receiver::Receiver;
use tests::vercel::VercelHost;
use tests::world::{Account, World, send};

use crate::platforms::function;
use secrets::{Kind, Piece, Place, Secrets};

/// What every prompt here says.
pub const PROMPT: &str = "xylophone quartz under the marmalade";

/// A running function, and everything that it was told and must not repeat.
pub struct Life {
    pub world: World,
    pub host: VercelHost,
    /// Where its traces go.
    pub receiver: Receiver,
    /// Somebody with credit.
    pub account: Account,
    pub secrets: Secrets,
    /// What was found so far in answers and stores. The one answer that shows a key is here without it.
    pub pieces: Vec<Piece>,
    /// The ids of requests that became calls, and of those that did not.
    pub calls: Vec<String>,
    pub others: Vec<String>,
}

impl Life {
    /// It logs at this level. Its keyrings have a newer version than those that the world's accounts begin under.
    pub async fn start(level: &str) -> Self {
        let world = World::start().await;
        world.platform.providers.control().record(true);
        let own = world.platform.variables();
        let peppers = format!("2:the-next-pepper-of-this-deployment-0001,1:{}", own["API_KEY_PEPPER"]);
        let keyring = format!("2:{}=,{}", "Q".repeat(43), own["ENCRYPTION_KEYS"]);
        let mut variables: Vec<(&str, &str)> = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !["VERCEL_ENV", "ENCRYPTION_KEYS"].contains(name))
            .collect();
        variables.extend([("VERCEL_ENV", "production"), ("RUST_LOG", level)]);
        variables.extend([("API_KEY_PEPPERS", peppers.as_str()), ("ENCRYPTION_KEYS", keyring.as_str())]);
        let receiver = Receiver::start().await;
        let of_receiver = "the-key-at-the-receiver-of-traces";
        let headers = format!("x-receiver-key={of_receiver}");
        variables
            .extend([("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()), ("OTEL_EXPORTER_OTLP_HEADERS", &headers)]);
        let host = VercelHost::start(function(), &variables).await;
        let mut secrets = Secrets::of_deployment(&variables);
        let settings = "Supabase, Upstash, the cron jobs, Resend twice, Privy twice, Stripe twice, traces, and two of each keyring";
        assert_eq!(secrets.count(&Kind::Setting), 14, "{settings}");
        secrets.add(of_receiver, Kind::Setting);
        secrets.words(PROMPT);
        let account = world.account(1_000_000_000).await;
        secrets.api_key(&account.key);
        Self { world, host, receiver, account, secrets, pieces: Vec::new(), calls: Vec::new(), others: Vec::new() }
    }

    /// A request with an id of its own, to the end of its invocation; its answer, as far as it came.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        more: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let (request, invocation) = self.host.request(method, path);
        let id = format!("request-{}", self.calls.len() + self.others.len());
        let request = more(request).header("x-request-id", &id);
        self.others.push(id);
        let mut response = send(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut bytes = Vec::new();
        // How it ends is not the matter here: some are cut on purpose.
        while let Ok(Some(chunk)) = certain("the body", response.chunk()).await {
            bytes.extend_from_slice(&chunk);
        }
        self.host.ended(&invocation).await;
        let answer = Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() };
        self.keep(&format!("{method} {path}"), &answer);
        answer
    }

    /// Keeps an answer, without the keys that it shows. Only an answer to a POST may, and each once.
    fn keep(&mut self, what: &str, answer: &Answer) {
        let mut text = answer.text.clone();
        let body = serde_json::from_str(&text).unwrap_or_default();
        for key in shown_keys(&body) {
            assert!(what.starts_with("POST "), "{what} shows a key: {text}");
            assert!(self.secrets.api_key(key), "{what} shows a key again: {text}");
            text = text.replacen(key, "", 1);
        }
        if let Some(secret) = body["secret"].as_str() {
            assert!(what.starts_with("POST ") && secret.starts_with("whsec_"), "{what} shows a secret: {text}");
            assert!(self.secrets.add(secret, Kind::WebhookSecret), "{what} shows a secret again: {text}");
            text = text.replacen(secret, "", 1);
        }
        // A header that is a number says how much is left, or how long something is.
        let told = |value: &HeaderValue| value.as_bytes().iter().any(|byte| !byte.is_ascii_digit());
        let headers: Vec<_> = answer.headers.iter().filter(|(_, value)| told(value)).collect();
        let is_public =
            answer.headers.get("cache-control").is_some_and(|value| value.as_bytes().starts_with(b"public"));
        let place = if is_public { Place::PublicAnswer } else { Place::Answer };
        for (part, text) in [("body", text), ("headers", format!("{headers:?}"))] {
            self.pieces.push(Piece { place: place.clone(), what: format!("{what}, {part}"), text });
        }
    }

    /// A request with this key, if any, and this body, if it is not null.
    pub async fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.request(method, path, |request| with(request, key, body)).await
    }

    /// A POST of JSON without a key.
    pub async fn visit(&mut self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, None, body).await
    }

    /// Everything the function has written by now.
    pub async fn output(&mut self) -> Vec<String> {
        self.request("GET", "/ping?", |request| request).await;
        let last = format!("\"{}\"", self.others.last().expect("the last request"));
        self.host.function.line(|line| line.contains(&last)).await.expect("the line of the last request");
        self.host.function.output()
    }
}

/// A request with this key, if any, and this body, if it is not null.
pub fn with(request: RequestBuilder, key: Option<&str>, body: &Value) -> RequestBuilder {
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    match body {
        Value::Null => request,
        body => request.header("content-type", "application/json").body(body.to_string()),
    }
}

/// The keys that an answer shows: its own member, or those of its entries; OpenRouter's clients read another name.
fn shown_keys(body: &Value) -> Vec<&str> {
    let entries = body["data"].as_array().into_iter().flatten();
    let objects = std::iter::once(body).chain(entries);
    let members = objects.flat_map(|object| [object["api_key"].as_str(), object["key"].as_str()]);
    members.flatten().filter(|key| key.starts_with("gw_")).collect()
}

/// A chat completion that says [`PROMPT`].
pub fn prompt(model: &str, stream: bool) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": PROMPT}], "stream": stream})
}
