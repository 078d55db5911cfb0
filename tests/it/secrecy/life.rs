//! A full run through the compiled function, its log at its most talkative: people, keys, calls, administration, an end.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::routes::{Auth, ROUTES};
use tests::certain;
use tests::people::Person;
use tests::vercel::VercelHost;
use tests::world::{Account, World, hello, send};

use crate::platforms::function;
use crate::samples::sample;

/// A provider key of a user's own, and one that its provider does not know.
const OWN: &str = "sk-own-customer-0123456789abcdef";
const WRONG: &str = "sk-own-unknown-fedcba9876543210";

/// What was lived, and everything secret in it.
pub struct Life {
    /// Where.
    pub world: World,
    /// Each request with all of its answer: headers and body.
    pub answers: Vec<(String, String)>,
    /// What opens a door, and what it is.
    pub secrets: BTreeMap<String, String>,
    /// What is kept of secrets; nobody outside is told.
    pub hashes: BTreeMap<String, String>,
    host: VercelHost,
}

impl Life {
    /// Lives it.
    pub async fn lived() -> Self {
        let world = World::start().await;
        world.platform.providers.control().record(true);
        world.platform.providers.control().add_customer("openrouter", OWN).expect("a provider");
        let variables = world.platform.variables().clone();
        let mut given: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        given.retain(|(name, _)| *name != "VERCEL_ENV");
        given.extend([("VERCEL_ENV", "production"), ("RUST_LOG", "trace")]);
        let host = VercelHost::start(function(), &given).await;
        let mut life = Self { world, host, answers: Vec::new(), secrets: BTreeMap::new(), hashes: BTreeMap::new() };
        for (name, value) in &variables {
            let words = ["KEY", "TOKEN", "SECRET", "PEPPER"];
            if words.iter().any(|word| name.contains(word)) {
                life.keep(value.trim_start_matches("1:"), name);
            }
        }
        life.keep(OWN, "a provider key");
        life.keep(WRONG, "a provider key that is wrong");
        let key = life.people().await;
        life.keys(&key).await;
        life.calls(&key).await;
        life.everything_else().await;
        life.ask("DELETE", "/user/account", Some(&key), Some(json!({"confirmation": "DELETE_ACCOUNT"}))).await;
        life
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.host.function.output()
    }

    /// The keys that this provider may see.
    pub fn provider_keys(&self, provider: &str) -> Vec<String> {
        let ours = format!("{}_API_KEY", provider.to_ascii_uppercase());
        vec![self.world.platform.variables()[&ours].clone(), OWN.to_owned(), WRONG.to_owned()]
    }

    fn keep(&mut self, secret: &str, what: &str) {
        assert!(secret.len() >= 16, "{what} is too short to be searched for");
        self.secrets.insert(secret.to_owned(), what.to_owned());
    }

    /// A key: whole, and without its prefix, which is as good. Its hash is nobody's business either.
    fn keep_key(&mut self, key: &str, what: &str) {
        self.keep(key, what);
        self.keep(&key[key.len() - 43..], what);
        self.hashes.insert(self.world.hash(key), format!("the hash of {what}"));
    }

    /// Asks the function and remembers what it said; keys that it shows are secret from then on.
    async fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Value {
        let (request, invocation) = self.host.request(method, path);
        let request = with(request, key, body);
        let response = send(request).await;
        let headers = format!("{:?}", response.headers());
        let text = certain("the body", response.text()).await.unwrap_or_default();
        self.host.ended(&invocation).await;
        self.answers.push((format!("{method} {path} (headers)"), headers));
        self.answers.push((format!("{method} {path}"), text.clone()));
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        self.keep_shown(&answer, &format!("the key of {method} {path}"));
        answer
    }

    fn keep_shown(&mut self, answer: &Value, what: &str) {
        if let Some(key) = answer["api_key"].as_str() {
            self.keep_key(key, what);
        }
        for entry in answer["data"].as_array().into_iter().flatten() {
            if let Some(key) = entry["api_key"].as_str() {
                self.keep_key(key, what);
            }
        }
    }

    /// Somebody signs in, by tokens and by a code; forgers do not. Gives a key with credit behind it.
    async fn people(&mut self) -> String {
        let person = Person::new();
        let tokens = self.world.tokens(&person);
        for name in ["token", "identity_token"] {
            for part in tokens[name].as_str().expect("a token").split('.').skip(1) {
                self.keep(part, name);
            }
        }
        let signed_in = self.ask("POST", "/auth/privy", None, Some(tokens.clone())).await;
        self.ask("POST", "/auth", None, Some(json!({"token": tokens["identity_token"]}))).await;
        self.ask("POST", "/auth/register", None, Some(json!({"email": person.email}))).await;
        let code = self.world.mailed_code(&person.email);
        self.ask("POST", "/auth/verify", None, Some(json!({"email": person.email, "code": "000000"}))).await;
        self.ask("POST", "/auth/verify", None, Some(json!({"email": person.email, "code": code}))).await;
        signed_in["api_key"].as_str().expect("a key").to_owned()
    }

    /// Keys are made, rotated, changed, refused and revoked.
    async fn keys(&mut self, key: &str) {
        let made =
            self.ask("POST", "/user/api-keys", Some(key), Some(json!({"name": "k", "environment": "test"}))).await;
        let (id, first) =
            (made["id"].as_str().expect("an id").to_owned(), made["api_key"].as_str().expect("a key").to_owned());
        let one = format!("/user/api-keys/{id}");
        self.ask("POST", &format!("{one}/rotate"), Some(key), Some(json!({"grace_period_hours": 1}))).await;
        self.ask("GET", "/user/balance", Some(&first), None).await;
        self.ask("POST", "/user/api-keys/rotate", Some(key), Some(json!({"environment": "test"}))).await;
        self.ask("PATCH", &one, Some(key), Some(json!({"name": "other", "spend_limit": {"amount": 1}}))).await;
        self.ask("GET", "/user/api-keys", Some(key), None).await;
        self.ask("DELETE", &one, Some(key), None).await;
        self.ask("GET", "/user/balance", Some(&first), None).await;
        self.ask("GET", "/user/api-keys/audit-logs", Some(key), None).await;
    }

    /// Calls with the gateway's account and with own keys, right ones and wrong ones.
    async fn calls(&mut self, key: &str) {
        let chat = "/v1/chat/completions";
        self.ask("POST", chat, Some(key), Some(hello(&json!({})))).await;
        for own in [WRONG, OWN] {
            let body = json!({"provider": "openrouter", "api_key": own});
            self.ask("POST", "/user/provider-keys", Some(key), Some(body)).await;
            for stream in [false, true] {
                self.ask("POST", chat, Some(key), Some(hello(&json!({"stream": stream})))).await;
            }
        }
        let sealed = self.world.value("select ciphertext from gateway.provider_keys").await;
        self.hashes.insert(sealed.as_str().expect("a token").to_owned(), "a sealed provider key".to_owned());
        self.ask("GET", "/user/provider-keys", Some(key), None).await;
        self.ask("DELETE", "/user/provider-keys?provider=openrouter", Some(key), None).await;
        self.ask("POST", chat, Some("gw_live_not-a-key-at-all"), Some(hello(&json!({})))).await;
    }

    /// Every operation of the table once, by whoever may.
    async fn everything_else(&mut self) {
        let keeps_the_role = self.world.administrator().await;
        self.keep_key(&keeps_the_role.key, "an administrator's key");
        let secret = self.world.platform.variables()["CRON_SECRET"].clone();
        for route in ROUTES {
            for operation in route.operations {
                let caller: Account = match operation.auth {
                    Auth::Admin => self.world.administrator().await,
                    _ => self.world.account(1_000_000_000).await,
                };
                self.keep_key(&caller.key, "a caller's key");
                let key = match operation.auth {
                    Auth::Public => None,
                    Auth::Cron => Some(secret.as_str()),
                    Auth::User | Auth::Admin => Some(caller.key.as_str()),
                };
                let sample = sample(&self.world, route, *operation, &caller).await;
                self.ask(operation.method, &sample.path(route.paths[0]), key, sample.body).await;
            }
        }
        self.ask("GET", "/admin/audit-logs?limit=100", Some(&keeps_the_role.key), None).await;
    }
}

fn with(request: RequestBuilder, key: Option<&str>, body: Option<Value>) -> RequestBuilder {
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    }
}
