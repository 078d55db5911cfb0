//! Completions: served, refused, failed and left, while stores work and while they do not.

use local::{postgrest, upstash};
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{MODEL, Route, events, send};

use super::secrets::Kind;
use super::{Life, PROMPT, prompt, with};

/// Upstream behaviours that fail in every way, each a model of that name.
const FAILURES: [&str; 9] = [
    "status?code=500",
    "status?code=401",
    "status?code=400",
    "status?code=429",
    "garbage",
    "html",
    "refuse",
    "cut",
    "error-mid",
];

impl Life {
    /// Every kind of call, with stores and providers that fail.
    pub async fn calls(&mut self) {
        for failure in FAILURES {
            self.world.model(failure, &[Route::new("openrouter", &format!("standin/{failure}"))]).await;
        }
        self.world.model("slow", &[Route::new("openrouter", "standin/slow?ms=2&chunks=5000")]).await;
        for stream in [false, true] {
            self.call(&prompt(MODEL, stream)).await;
            for failure in FAILURES {
                self.call(&prompt(failure, stream)).await;
            }
        }
        self.forget_failures().await;
        let mut with_tools = prompt(MODEL, false);
        with_tools["tools"] = json!([{"type": "function", "function": {
            "name": "look", "description": PROMPT, "parameters": {"type": "object", "properties": {}}}}]);
        self.call(&with_tools).await;
        self.refused(&prompt(MODEL, false)).await;
        self.left(&prompt("slow", true)).await;
        self.without_stores(&prompt(MODEL, true)).await;
        assert!(self.secrets.count(&Kind::Words) > 20, "what the models said is among the secrets");
    }

    /// The providers' breakers are closed again.
    pub async fn forget_failures(&self) {
        self.world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
    }

    pub async fn call_with(&mut self, key: &str, body: &Value) -> Answer {
        let answer = self.ask("POST", "/v1/chat/completions", Some(key), body).await;
        self.calls.extend(self.others.pop());
        answer
    }

    /// A call; what it answers is secret.
    async fn call(&mut self, body: &Value) {
        let key = self.account.key.clone();
        let answer = self.call_with(&key, body).await;
        self.secrets.words(&answered(&answer.text));
    }

    async fn refused(&mut self, body: &Value) {
        let unknown = format!("gw_live_{}", "u".repeat(43));
        let poor = self.world.account(0).await.key;
        let limited = self.world.account(1_000_000_000).await;
        self.world.limit(limited.id, &json!({"requests_per_minute": 1})).await;
        for key in [&unknown, &poor, &limited.key, &limited.key, &limited.key] {
            self.secrets.api_key(key);
            self.call_with(key, body).await;
        }
        // These two never become calls.
        let malformed = format!(r#"{{"model": "test/model", "messages": "{PROMPT}"#);
        let foreign = "sk-not-one-of-ours";
        self.secrets.add(foreign, Kind::Setting);
        for (key, body) in [(self.account.key.clone(), malformed), (foreign.to_owned(), body.to_string())] {
            let answer = self.request("POST", "/v1/chat/completions", |request| request.bearer_auth(&key).body(body));
            assert!(answer.await.text.contains("error"));
        }
    }

    async fn left(&mut self, body: &Value) {
        let (request, invocation) = self.host.request("POST", "/v1/chat/completions");
        let request = with(request, Some(&self.account.key), body).header("x-request-id", "left");
        let mut response = send(request).await;
        certain("a chunk", response.chunk()).await.expect("no broken answer");
        drop(response);
        self.host.ended(&invocation).await;
        self.calls.push("left".to_owned());
    }

    async fn without_stores(&mut self, body: &Value) {
        let (postgrest, upstash) = (self.world.platform.postgrest.control(), self.world.platform.upstash.control());
        postgrest.fail(Some("begin_request"), None, postgrest::Fault::Refuse);
        self.call(body).await;
        postgrest.clear();
        upstash.fault_always(upstash::Fault::Refuse);
        self.call(body).await;
        // Neither the database nor the outbox takes this settle: all of it goes into the log.
        postgrest.fail(Some("finish_request"), None, postgrest::Fault::Raise("40P01".to_owned()));
        self.call(body).await;
        upstash.faults_clear();
        self.call(body).await;
        self.look_into_the_stores().await;
        postgrest.clear();
        self.call(body).await;
    }
}

/// What a model said in an answer, plain or streamed.
fn answered(text: &str) -> String {
    let message = |answer: &Value, part: &str| answer["choices"][0][part]["content"].as_str().unwrap_or("").to_owned();
    match serde_json::from_str::<Value>(text) {
        Ok(answer) => message(&answer, "message"),
        // A stream that was cut may end within a line.
        Err(_) => events(text.rsplit_once("\n\n").map_or("", |(whole, _)| whole))
            .iter()
            .map(|event| message(event, "delta"))
            .collect(),
    }
}
