//! The log in production: JSON lines that name request and call, and none that holds a secret, a prompt or an answer.

use std::collections::BTreeSet;

use local::{postgrest, upstash};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::certain;
use tests::people::Person;
use tests::vercel::VercelHost;
use tests::world::{Account, Route, World, events, send};

use crate::platforms::function;

/// What every prompt here says.
const PROMPT: &str = "xylophone quartz under the marmalade";

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

/// A function and everything that it was told and must not repeat.
struct Scene {
    world: World,
    host: VercelHost,
    account: Account,
    secrets: BTreeSet<String>,
    /// Codes that were mailed.
    codes: BTreeSet<String>,
    /// The ids of requests that became calls, and of those that did not.
    calls: Vec<String>,
    others: Vec<String>,
}

impl Scene {
    async fn start(level: &str) -> Self {
        let world = World::start().await;
        for failure in FAILURES {
            world.model(failure, &[Route::new("openrouter", &format!("standin/{failure}"))]).await;
        }
        world.model("slow", &[Route::new("openrouter", "standin/slow?ms=2&chunks=5000")]).await;
        let variables = world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut variables: Vec<_> = variables.filter(|(name, _)| *name != "VERCEL_ENV").collect();
        variables.extend([("VERCEL_ENV", "production"), ("RUST_LOG", level)]);
        let host = VercelHost::start(function(), &variables).await;
        let is_secret = |name: &str| {
            name.ends_with("_API_KEY") || name.ends_with("_TOKEN") || name.contains("SECRET") || name.contains("PEPPER")
        };
        let mut secrets: BTreeSet<String> =
            variables.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| (*value).to_owned()).collect();
        assert_eq!(
            secrets.len(),
            10,
            "four providers, Supabase, Upstash, the pepper, the cron jobs, Resend and Privy: {secrets:?}"
        );
        let account = world.account(1_000_000_000).await;
        secrets.insert(account.key.clone());
        secrets.extend(phrases(PROMPT));
        Self { world, host, account, secrets, codes: BTreeSet::new(), calls: Vec::new(), others: Vec::new() }
    }

    /// A request with an id of its own, to the end of its invocation; its answer.
    async fn request(
        &mut self,
        method: &str,
        path: &str,
        more: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> String {
        let (request, invocation) = self.host.request(method, path);
        let id = format!("request-{}", self.calls.len() + self.others.len());
        let response = send(more(request).header("x-request-id", &id)).await;
        // How it ends is not the matter here.
        let text = certain("the body", response.text()).await.unwrap_or_default();
        self.host.ended(&invocation).await;
        self.others.push(id);
        text
    }

    async fn call_with(&mut self, key: &str, body: &Value) -> String {
        let body = body.to_string();
        let text = self.request("POST", "/v1/chat/completions", |request| {
            request.bearer_auth(key).header("content-type", "application/json").body(body)
        });
        let text = text.await;
        self.calls.extend(self.others.pop());
        text
    }

    /// A call; what it answers is secret.
    async fn call(&mut self, body: &Value) {
        let key = self.account.key.clone();
        let text = self.call_with(&key, body).await;
        self.secrets.extend(phrases(&answered(&text)));
    }

    /// Every kind of call and request, with stores and providers that fail.
    async fn play(&mut self) {
        let message = json!([{"role": "user", "content": PROMPT}]);
        let ask = |model: &str, stream: bool| json!({"model": model, "messages": message, "stream": stream});
        let model = tests::world::MODEL;
        for stream in [false, true] {
            self.call(&ask(model, stream)).await;
            for failure in FAILURES {
                self.call(&ask(failure, stream)).await;
            }
        }
        // The provider's breaker is open by now; it forgets.
        self.world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
        let mut with_tools = ask(model, false);
        with_tools["tools"] = json!([{"type": "function", "function": {
            "name": "look", "description": PROMPT, "parameters": {"type": "object", "properties": {}}}}]);
        self.call(&with_tools).await;
        self.refused(&ask(model, false)).await;
        self.left(&ask("slow", true)).await;
        self.without_stores(&ask(model, true)).await;
        assert!(self.secrets.len() > 30, "what the models said is among the secrets");
        self.sign_ins().await;
        let key = self.account.key.clone();
        for path in ["/user/balance", "/user/credit-transactions", "/v1/models", "/health", "/nowhere"] {
            self.request("GET", &format!("{path}?api_key={key}"), |request| request.header("x-api-key", &key)).await;
        }
    }

    async fn refused(&mut self, body: &Value) {
        let unknown = format!("gw_live_{}", "u".repeat(43));
        let poor = self.world.account(0).await.key;
        let limited = self.world.account(1_000_000_000).await;
        let one = r#"{"requests_per_minute": 1}"#;
        let sql = format!("update gateway.accounts set rate_limits = '{one}' where id = '{}'", limited.id);
        self.world.sql(&sql).await;
        for key in [&unknown, &poor, &limited.key, &limited.key, &limited.key] {
            self.call_with(key, body).await;
            self.secrets.insert(key.clone());
        }
        // These two never become calls.
        let malformed = format!(r#"{{"model": "test/model", "messages": "{PROMPT}"#);
        for (key, body) in [(self.account.key.clone(), malformed), ("sk-not-one-of-ours".to_owned(), body.to_string())]
        {
            let text = self.request("POST", "/v1/chat/completions", |request| request.bearer_auth(&key).body(body));
            assert!(text.await.contains("error"));
            self.secrets.insert(key);
        }
    }

    /// Sign-ins by tokens and by a code, refused ones too. What was shown and what was answered is secret.
    async fn sign_ins(&mut self) {
        let person = Person::new();
        let mut good = self.world.tokens(&person);
        good["issue_key"] = json!(true);
        let forged = json!({"token": good["identity_token"]});
        self.visit("/auth/register", &json!({"email": person.email})).await;
        let code = self.world.mailed_code(&person.email);
        let wrong = if code == "271828" { "314159" } else { "271828" };
        self.codes.extend([code.clone(), wrong.to_owned()]);
        let with = |code: &str| json!({"email": person.email, "code": code});
        for (path, body, status) in [
            ("/auth/verify", with(wrong), "invalid_code"),
            ("/auth/verify", with(&code), "api_key"),
            ("/auth/privy", forged, "invalid_token"),
            ("/auth/privy", good.clone(), "api_key"),
        ] {
            let text = self.visit(path, &body).await;
            assert!(text.contains(status) && !text.contains("\"api_key\":null"), "{text}");
            let answer: Value = serde_json::from_str(&text).expect("json");
            self.secrets.extend(answer["api_key"].as_str().map(str::to_owned));
        }
        for token in ["token", "identity_token"].map(|name| good[name].as_str().expect("a token")) {
            self.secrets.extend(token.split('.').skip(1).map(str::to_owned));
        }
    }

    async fn visit(&mut self, path: &str, body: &Value) -> String {
        let body = body.to_string();
        self.request("POST", path, |request| request.header("content-type", "application/json").body(body)).await
    }

    async fn left(&mut self, body: &Value) {
        let (request, invocation) = self.host.request("POST", "/v1/chat/completions");
        let request = request.bearer_auth(&self.account.key).body(body.to_string()).header("x-request-id", "left");
        let mut response = send(request).await;
        certain("a chunk", response.chunk()).await.expect("no broken answer");
        drop(response);
        self.host.ended(&invocation).await;
        self.calls.push("left".to_owned());
    }

    async fn without_stores(&mut self, body: &Value) {
        let (postgrest, upstash) = (self.world.platform.postgrest.control(), self.world.platform.upstash.control());
        postgrest.fail(Some("begin_request"), Some(1), postgrest::Fault::Refuse);
        self.call(body).await;
        upstash.fault_always(upstash::Fault::Refuse);
        self.call(body).await;
        // Neither the database nor the outbox takes this settle: all of it goes into the log.
        postgrest.fail(Some("finish_request"), None, postgrest::Fault::Raise("40P01".to_owned()));
        self.call(body).await;
        upstash.faults_clear();
        self.call(body).await;
        postgrest.clear();
        self.call(body).await;
    }

    /// Everything it has written by now.
    async fn output(&mut self) -> Vec<String> {
        self.request("GET", "/ping?", |request| request).await;
        let last = self.others.last().expect("the last request").clone();
        let last = format!("\"{last}\"");
        self.host.function.line(|line| line.contains(&last)).await.expect("the line of the last request");
        self.host.function.output()
    }
}

/// Any three words of a text in a row; parts of it are secret too.
fn phrases(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(3).map(|words| words.join(" ")).collect::<Vec<_>>().into_iter()
}

/// What a model said in an answer, plain or streamed.
fn answered(text: &str) -> String {
    let message = |answer: &Value, part: &str| answer["choices"][0][part]["content"].as_str().unwrap_or("").to_owned();
    match serde_json::from_str::<Value>(text) {
        Ok(answer) => message(&answer, "message"),
        Err(_) => events(text).iter().map(|event| message(event, "delta")).collect(),
    }
}

/// A field of a line, or of one of its spans.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    let spans = line["spans"].as_array().into_iter().flatten();
    std::iter::once(line).chain(spans).find_map(|at| at[name].as_str())
}

fn assert_tells_nothing(output: &[String], Scene { secrets, codes, .. }: &Scene) {
    for line in output {
        for secret in secrets {
            assert!(!line.contains(secret.as_str()), "{secret:?} is in the line {line}");
        }
        // The time has six digits of its own.
        let (_, rest) = line.split_once("Z\"").unwrap_or(("", line));
        let told = rest.split(|c: char| !c.is_ascii_digit()).find(|digits| codes.contains(*digits));
        assert_eq!(told, None, "a code is in the line {line}");
    }
}

#[tokio::test]
async fn every_line_is_json_and_names_its_request_and_its_call_and_holds_no_secret() {
    let mut scene = Scene::start("info").await;
    scene.play().await;
    let output = scene.output().await;
    assert_tells_nothing(&output, &scene);
    let lines: Vec<Value> =
        output.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert!(field(line, "request_id").is_some(), "{line}");
    }
    let of = |id: &str| lines.iter().filter(|line| field(line, "request_id") == Some(id)).collect::<Vec<_>>();
    for id in scene.calls.iter().chain(&scene.others) {
        let access = of(id).into_iter().filter(|line| line["message"] == "request").count();
        assert_eq!(access, 1, "one line of the access log for {id}");
    }
    let mut call_ids = BTreeSet::new();
    for line in lines.iter().filter(|line| line["message"] == "call ended") {
        let call_id = field(line, "call_id").unwrap_or_else(|| panic!("no call_id: {line}"));
        assert!(call_ids.insert(call_id.to_owned()), "{call_id} ended twice");
    }
    let recorded = scene.world.value("select count(*) from gateway.requests").await;
    let lost = lines.iter().filter(|line| line["message"] == "a settle could not be stored anywhere").count();
    assert_eq!((json!(call_ids.len() - lost), lost), (recorded, 1));
}

#[tokio::test]
async fn no_level_of_the_log_tells_a_secret() {
    let mut scene = Scene::start("trace").await;
    scene.play().await;
    let output = scene.output().await;
    assert!(output.iter().any(|line| line.contains("\"TRACE\"")), "the level has an effect");
    assert_tells_nothing(&output, &scene);
}
