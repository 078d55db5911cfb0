//! On the other platforms, too, the log tells nothing at its finest level, whatever their runtimes would write.

use local::secrets::Secrets as Random;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::lambda::{LambdaHost, event};
use tests::people::Person;
use tests::plain::PlainServer;
use tests::world::{MODEL, World};

use crate::life::secrets::{Kind, Piece, Place, Secrets};
use crate::life::{PROMPT, prompt};
use crate::platforms::function;

/// The last of the requests: its line is the last one.
const LAST: &str = "/user/balance";

/// A world, the variables of a function in it, and the secrets of both.
async fn begin() -> (World, Vec<(String, String)>, Secrets) {
    let world = World::start().await;
    let mut variables = world.platform.variables().clone();
    for (name, value) in
        [("VERCEL_ENV", "production"), ("RUST_LOG", "trace,lambda_runtime::layers::api_response=trace")]
    {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let borrowed: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut secrets = Secrets::of_deployment(&borrowed);
    secrets.words(PROMPT);
    (world, variables.into_iter().collect(), secrets)
}

/// Requests that bring a secret or are answered with one: method, path, key and body.
async fn requests(world: &World, secrets: &mut Secrets) -> Vec<(&'static str, &'static str, Option<String>, Value)> {
    let (account, person) = (world.account(1_000_000_000).await, Person::new());
    let (code, own) = ("271828", format!("sk-{}", Random::random().of("own")));
    world.keep_code(&person.email, code).await;
    let tokens = world.tokens(&person);
    world.platform.providers.control().add_customer("openrouter", &own).expect("a provider");
    secrets.api_key(&account.key);
    secrets.provider_key("openrouter", &own);
    secrets.code(&person.email, code);
    for name in ["token", "identity_token"] {
        secrets.token(tokens[name].as_str().expect("a token"));
    }
    let key = || Some(account.key.clone());
    vec![
        ("POST", "/v1/chat/completions", key(), prompt(MODEL, false)),
        ("POST", "/v1/chat/completions", key(), prompt(MODEL, true)),
        ("POST", "/user/api-keys", key(), json!({"name": "made"})),
        ("POST", "/user/provider-keys", key(), json!({"provider": "openrouter", "api_key": own})),
        ("POST", "/v1/chat/completions", key(), prompt(MODEL, false)),
        ("POST", "/auth/privy", None, tokens),
        ("POST", "/auth/verify", None, json!({"email": person.email, "code": code})),
        ("POST", "/auth/register", None, json!({"email": person.email})),
        ("GET", LAST, key(), Value::Null),
    ]
}

fn learn(secrets: &mut Secrets, answer: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    if let Some(key) = answer["api_key"].as_str() {
        secrets.api_key(key);
    }
}

async fn assert_tells_nothing(world: &World, mut secrets: Secrets, output: Vec<String>) {
    let token = world.value("select ciphertext from gateway.provider_keys").await;
    secrets.add(token.as_str().expect("a token"), Kind::Fernet);
    let mail = world.platform.mailbox.messages().pop().expect("a mail");
    secrets.code(&mail.to[0], &world.mailed_code(&mail.to[0]));
    assert!(secrets.count(&Kind::ApiKey) >= 8, "four keys, each whole and without its prefix");
    assert!(output.iter().any(|line| line.contains("\"TRACE\"")), "the level has an effect");
    let piece = |text: String| Piece { place: Place::Log, what: "a line".to_owned(), text };
    let found: Vec<_> = output.into_iter().flat_map(|line| secrets.found_in(&piece(line))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn the_log_on_lambda_tells_no_secret() {
    let (world, variables, mut secrets) = begin().await;
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let host = LambdaHost::start(function(), &variables).await;
    for (asked, (method, path, key, body)) in (2..).zip(requests(&world, &mut secrets).await) {
        let bearer = key.map(|key| format!("Bearer {key}")).unwrap_or_default();
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        let answer = host.invoke(event(method, path, &headers, body.as_deref())).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        learn(&mut secrets, &answer.text().await);
        host.asked(asked).await;
    }
    let last = |line: &str| line.contains(LAST) && line.contains("\"message\":\"request\"");
    host.function.line(last).await.expect("the line of the last request");
    assert_tells_nothing(&world, secrets, host.function.output()).await;
}

#[tokio::test]
async fn the_log_of_a_plain_server_tells_no_secret() {
    let (world, variables, mut secrets) = begin().await;
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut server = PlainServer::start(function(), &variables).await;
    for (method, path, key, body) in requests(&world, &mut secrets).await {
        let request = world.http.request(method.parse().expect("a method"), format!("{}{path}", server.base_url));
        let answer = Answer::to(crate::life::with(request, key.as_deref(), &body)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        learn(&mut secrets, &answer.text);
    }
    // To its last line: what goes on after an answer is over then.
    server.function.terminate().await;
    assert!(server.function.ended().await.success());
    assert_tells_nothing(&world, secrets, server.function.output()).await;
}
