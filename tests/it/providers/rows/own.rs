//! Providers that the configuration adds, several at once: whatever a row of the table can do, they can.

use local::upstash::Engine;
use serde_json::{Value, json};
use shared::config::variables::PROVIDERS_JSON;
use tests::answer::Answer;
use tests::world::{Account, CREDIT, Route, World, hello};

use super::answers::plain;
use super::recorder::{Recorder, Seen};
use super::stream;

const MODEL: &str = "acme/support-1";
/// Our keys at the two, and a caller's own at the first.
const AT_ACME: &str = "sk-acme-of-ours-0123456789";
const AT_BOX: &str = "box-of-ours-0123456789";
const OWN: &str = "sk-acme-of-a-caller-0123456789";

/// A gateway with two providers of its own.
struct Two {
    world: World,
    admin: Account,
    account: Account,
    acme: Recorder,
    other: Recorder,
}

impl Two {
    /// An administrator has made a model that both serve, the first for half of the second's price.
    async fn start() -> Self {
        let (acme, other) = (Recorder::default(), Recorder::default());
        let (at_acme, at_other) = (acme.listen().await, other.listen().await);
        let own = json!([
            { "name": "acme-eu", "title": "Acme Europe", "base_url": format!("{at_acme}/llm/v1"), "api_key": AT_ACME,
              "own_keys": true },
            { "name": "box2", "base_url": format!("{at_other}/"), "api_key": [AT_BOX],
              "authentication": { "header": "X-Box-Key" }, "formats": { "chat": "/v2/chat" }, "quirks": { "strict": true } },
        ]);
        let world = World::with(Engine::InProcess, &[(PROVIDERS_JSON.name, &own.to_string())]).await;
        let (admin, account) = (world.administrator().await, world.account(CREDIT).await);
        let two = Self { world, admin, account, acme, other };
        two.ask("POST", "/admin/models", &json!({ "id": MODEL, "context_length": 128_000, "max_output": 4_096 }))
            .await
            .success();
        for (provider, model, prompt) in [("acme-eu", "up-1", 1), ("box2", "up-2", 2)] {
            let price = json!({ "prompt": prompt, "completion": 2 * prompt });
            let route = json!({ "model": MODEL, "provider": provider, "upstream_model": model, "price": price,
                                "supported_parameters": ["max_tokens", "top_k"] });
            two.ask("PUT", "/admin/routes", &route).await.success();
        }
        two.both_answer();
        two
    }

    /// Both answer again, and have seen nothing.
    fn both_answer(&self) {
        for recorder in [&self.acme, &self.other] {
            recorder.answers(200, "text/event-stream", stream(&plain()));
        }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_as(&self.admin, method, path, body).await
    }

    async fn ask_as(&self, by: &Account, method: &str, path: &str, body: &Value) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.world.http.request(method, format!("{}{path}", self.world.base_url)).bearer_auth(&by.key);
        let answer = Answer::to(request.header("content-type", "application/json").body(body.to_string())).await;
        let all = format!("{:?} {}", answer.headers, answer.text);
        for secret in [AT_ACME, AT_BOX, OWN, "127.0.0.1"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        answer
    }

    /// A call of the model: who served it, and what it cost.
    async fn call(&self, further: &Value) -> (String, i64) {
        let mut body = hello(&json!({ "model": MODEL, "max_tokens": 100 }));
        body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
        let answer = self.ask_as(&self.account, "POST", "/v1/chat/completions", &body).await;
        assert_eq!(answer.success()["choices"][0]["message"]["content"], "pong", "{}", answer.text);
        self.world.settled().await;
        let cost = self.world.newest_call().await["cost"].as_i64().expect("a cost");
        (answer.header("x-gateway-provider").to_owned(), cost)
    }
}

/// A request's headers, in the order of their names.
type Head = Vec<(String, String)>;

/// What a recorder was asked last, the path, the body and the head, without what differs from call to call.
fn asked(recorder: &Recorder) -> Option<(String, String, Head)> {
    let Seen { path, headers, raw, .. } = recorder.seen().pop()?;
    let of_connection = ["host", "content-length", "accept-encoding", "user-agent", "traceparent"];
    let headers = headers.iter().filter(|(name, _)| !of_connection.contains(&name.as_str()));
    let mut headers: Head =
        headers.map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned())).collect();
    headers.sort();
    Some((path, raw, headers))
}

#[tokio::test]
async fn a_call_goes_to_the_first_falls_back_to_the_second_and_is_charged_by_its_route() {
    let two = Two::start().await;
    let head = |name: &str, key: &str| {
        let mut head = [("accept", "text/event-stream"), ("content-type", "application/json"), (name, key)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        head.sort();
        head
    };
    // 10 prompt tokens and 5 of the answer.
    assert_eq!(two.call(&json!({})).await, ("acme-eu".to_owned(), 10 * 1_000 + 5 * 2_000));
    let body = r#"{"messages":[{"content":"Hello","role":"user"}],"model":"up-1","max_tokens":100,"stream":true,"stream_options":{"include_usage":true}}"#;
    let wanted = ("/llm/v1/chat/completions".to_owned(), body, head("authorization", &format!("Bearer {AT_ACME}")));
    let (path, raw, headers) = asked(&two.acme).expect("a request");
    assert_eq!((path, raw.as_str(), headers), (wanted.0, wanted.1, wanted.2));
    assert!(two.other.seen().is_empty());

    two.acme.answers(503, "application/json", format!(r#"{{"error":{{"message":"{AT_ACME} is busy at 127.0.0.1"}}}}"#));
    assert_eq!(two.call(&json!({})).await, ("box2".to_owned(), 10 * 2_000 + 5 * 4_000));
    let body = r#"{"messages":[{"content":"Hello","role":"user"}],"model":"up-2","max_completion_tokens":100,"stream":true,"stream_options":{"include_usage":true}}"#;
    let (path, raw, headers) = asked(&two.other).expect("a request");
    assert_eq!((path.as_str(), raw.as_str(), headers), ("/v2/chat", body, head("x-box-key", AT_BOX)));
    assert_eq!(two.acme.seen().len(), 1);

    // It is a breaker of its own that opens behind it.
    for _ in 0..4 {
        assert_eq!(two.call(&json!({})).await.0, "box2");
    }
    let asked = two.acme.seen().len();
    assert_eq!((two.call(&json!({})).await.0.as_str(), two.acme.seen().len()), ("box2", asked));
    let health = two.ask("GET", "/health", &Value::Null).await.json();
    assert_eq!(
        (&health["providers"]["acme-eu"], &health["providers"]["box2"]),
        (&json!("failing"), &json!("configured"))
    );
    two.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_request_names_them_as_it_names_any_provider() {
    let two = Two::start().await;
    for (further, by) in [
        (json!({ "provider": { "only": ["box2"] } }), "box2"),
        (json!({ "provider": { "only": ["BOX2", "openai"] } }), "box2"),
        (json!({ "provider": { "ignore": ["acme-eu"] } }), "box2"),
        (json!({ "provider": { "order": ["box2"] } }), "box2"),
        (json!({ "model": format!("box2:{MODEL}") }), "box2"),
        (json!({ "model": format!("acme-eu:{MODEL}"), "provider": { "order": ["box2"] } }), "acme-eu"),
        (json!({ "provider": { "require_parameters": true }, "top_k": 5 }), "acme-eu"),
    ] {
        two.both_answer();
        assert_eq!(two.call(&further).await.0, by, "{further}");
        assert_eq!(
            (two.acme.seen().len(), two.other.seen().len()),
            if by == "box2" { (0, 1) } else { (1, 0) },
            "{further}"
        );
    }
    let body = hello(&json!({ "model": MODEL, "provider": { "only": ["box3"] } }));
    let refused = two.ask_as(&two.account, "POST", "/v1/chat/completions", &body).await;
    assert_eq!(refused.refused(400, "invalid_request")["param"], "provider");
    let alias = two.ask("PUT", "/admin/aliases/box2:best", &json!({ "model": MODEL })).await;
    assert_eq!(alias.refused(400, "invalid_request")["param"], "alias");
}

#[tokio::test]
async fn every_list_of_providers_has_them() {
    let two = Two::start().await;
    let listed = two.ask("GET", "/api/v1/providers", &Value::Null).await.success();
    let named = |slug: &str| {
        let of = listed["data"].as_array().expect("a list").iter().find(|it| it["slug"] == slug);
        of.map(|it| it["name"].clone())
    };
    assert_eq!((named("acme-eu"), named("box2")), (Some(json!("Acme Europe")), Some(json!("box2"))));
    let summed = two.ask("GET", "/models/providers", &Value::Null).await.success();
    let ids = summed["data"].as_array().expect("a list").iter().map(|it| it["id"].clone()).collect::<Vec<_>>();
    assert!(ids.contains(&json!("acme-eu")) && ids.contains(&json!("box2")), "{ids:?}");
    let endpoints = two.ask("GET", &format!("/api/v1/models/{MODEL}/endpoints"), &Value::Null).await.success();
    let names: Vec<_> =
        endpoints["data"]["endpoints"].as_array().expect("a list").iter().map(|it| &it["provider_name"]).collect();
    assert_eq!(names, ["acme-eu", "box2"], "{endpoints}");

    // Their own lists say which models there are.
    two.acme.answers(200, "application/json", json!({ "data": [{ "id": "up-1" }] }).to_string());
    two.other.answers(200, "application/json", json!({ "data": [{ "id": "up-3" }] }).to_string());
    let read = two.ask("POST", "/admin/refresh-models", &json!({})).await.success();
    let read = |name: &str| {
        let of =
            read["providers"].as_array().expect("a list").iter().find(|it| it["provider"] == name).expect("a list");
        (of["models"].clone(), of["unknown"].clone(), of["problem"].clone())
    };
    assert_eq!(read("acme-eu"), (json!(1), json!(0), Value::Null));
    assert_eq!(read("box2"), (json!(1), json!(1), Value::Null));
    let (path, _, headers) = asked(&two.acme).expect("a request");
    assert_eq!(path, "/llm/v1/models");
    assert!(headers.contains(&("authorization".to_owned(), format!("Bearer {AT_ACME}"))), "{headers:?}");
    let (path, _, headers) = asked(&two.other).expect("a request");
    assert_eq!(path, "/models");
    assert!(headers.contains(&("x-box-key".to_owned(), AT_BOX.to_owned())), "{headers:?}");
    let missing = "select missing_since is not null from gateway.listed_routes where provider";
    assert_eq!(two.world.value(&format!("{missing} = 'acme-eu'")).await, json!(false));
    assert_eq!(two.world.value(&format!("{missing} = 'box2'")).await, json!(true));
}

#[tokio::test]
async fn callers_keep_keys_of_their_own_where_the_configuration_lets_them() {
    let two = Two::start().await;
    let keep = async |path: &str, member: &str, provider: &str| {
        let body = json!({ "provider": provider, member: OWN });
        two.ask_as(&two.account, "POST", path, &body).await
    };
    for (path, member) in [("/user/provider-keys", "api_key"), ("/v1/byok", "key")] {
        for provider in ["box2", "vllm", "nobody"] {
            let error = keep(path, member, provider).await.refused(400, "invalid_request");
            let message = error["message"].as_str().expect("a message").to_owned();
            assert!(
                message.contains("acme-eu") && !message.contains("box2") && error["param"] == "provider",
                "{message}"
            );
        }
    }
    let kept = keep("/v1/byok", "key", "acme-eu").await;
    assert_eq!((kept.status, &kept.json()["data"]["provider"]), (201, &json!("acme-eu")), "{}", kept.text);
    assert_eq!(two.call(&json!({})).await, ("acme-eu".to_owned(), 0));
    let (_, _, headers) = asked(&two.acme).expect("a request");
    assert!(headers.contains(&("authorization".to_owned(), format!("Bearer {OWN}"))), "{headers:?}");
    let listed = two.ask_as(&two.account, "GET", "/v1/byok?provider=acme-eu", &Value::Null).await.success();
    assert_eq!(listed["total_count"], 1);
    two.ask_as(&two.account, "DELETE", "/user/provider-keys?provider=acme-eu", &Value::Null).await.success();
    assert_eq!(two.call(&json!({})).await, ("acme-eu".to_owned(), 10 * 1_000 + 5 * 2_000));

    // A key from the time when it was nobody's own server: a server of the operator's may take any, and would be free of charge.
    two.world.own_key(two.account.id, "box2", OWN).await;
    two.both_answer();
    let body = hello(&json!({ "model": MODEL, "max_tokens": 100, "provider": { "only": ["box2"] } }));
    two.ask_as(&two.account, "POST", "/v1/chat/completions", &body).await.refused(503, "no_provider");
    assert!(two.other.seen().is_empty());
    two.world.settled().await;
    two.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_route_leads_to_a_provider_that_is_known_and_what_it_does_not_speak_is_not_asked() {
    let (acme, world) = (Recorder::default(), World::start().await);
    let own = json!([{ "name": "vectors", "base_url": acme.listen().await, "formats": ["embeddings"],
                      "authentication": { "header": "x-key" } }])
    .to_string();
    let gateway = world.another_gateway_with(&[(PROVIDERS_JSON.name, &own)]).await;
    let (admin, account) = (world.administrator().await, world.account(CREDIT).await);
    let ask = async |method: reqwest::Method, base: &str, path: &str, by: &Account, body: &Value| {
        let request = world.http.request(method, format!("{base}{path}")).bearer_auth(&by.key);
        Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
    };
    let put = reqwest::Method::PUT;
    let route = json!({ "model": tests::world::MODEL, "provider": "vectors", "upstream_model": "up", "enabled": false,
                        "price": { "prompt": 1, "completion": 1 } });
    // Which providers there are is the deployment's.
    let refused = ask(put.clone(), &world.base_url, "/admin/routes", &admin, &route).await;
    assert_eq!(refused.refused(400, "invalid_request")["param"], "provider");
    ask(put.clone(), &gateway, "/admin/routes", &admin, &route).await.success();
    let taken_out = json!({ "model": tests::world::MODEL, "provider": "vectors", "enabled": false });
    ask(put, &world.base_url, "/admin/routes", &admin, &taken_out).await.success();

    world.model("test/text", &[Route::new("vectors", "up")]).await;
    acme.answers(200, "text/event-stream", stream(&plain()));
    let post = reqwest::Method::POST;
    let body = hello(&json!({ "model": "test/text", "max_tokens": 9 }));
    ask(post.clone(), &gateway, "/v1/chat/completions", &account, &body).await.refused(503, "no_provider");
    assert!(acme.seen().is_empty());

    world
        .sql("update gateway.models set kind = 'embedding', output_modalities = '{embeddings}' where id = 'test/text'")
        .await;
    let vector = json!({ "object": "embedding", "index": 0, "embedding": [0.25] });
    let usage = json!({ "prompt_tokens": 10, "total_tokens": 10 });
    let answer = json!({ "object": "list", "data": [vector], "model": "up", "usage": usage });
    acme.answers(200, "application/json", answer.to_string());
    let body = json!({ "model": "test/text", "input": "Hello" });
    ask(post, &gateway, "/v1/embeddings", &account, &body).await.success();
    // No key, no header for one.
    let (path, raw, headers) = asked(&acme).expect("a request");
    assert_eq!((path.as_str(), raw.contains(r#""model":"up""#)), ("/embeddings", true));
    assert!(headers.iter().all(|(name, _)| !["authorization", "x-key"].contains(&name.as_str())), "{headers:?}");
    world.settled().await;
    world.assert_ledger_clean().await;
}
