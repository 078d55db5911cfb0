//! Whoever sends a malformed request with a key that is refused hears of the key, on every endpoint.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::answer::Answer;
use tests::world::{Account, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::samples::sample;

/// Every operation that wants a key.
fn keyed() -> impl Iterator<Item = (&'static Route, Operation)> {
    let all = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |operation| (route, *operation)));
    all.filter(|(_, operation)| matches!(operation.auth, Auth::User | Auth::Admin))
}

/// What any key may read of itself, whatever its scopes.
fn is_of_itself(operation: Operation) -> bool {
    operation.scope == Some("self")
}

/// Requests that nobody can have meant: a body that is no JSON, one whose members are none, an encoding that is not
/// taken, a query that no endpoint knows.
async fn malformed(
    world: &World,
    route: &Route,
    operation: Operation,
    owner: &Account,
    key: &str,
) -> Vec<RequestBuilder> {
    let path = sample(world, route, operation, owner).await.path(route.paths[0]);
    let path = path.split('?').next().unwrap_or_default();
    let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
    let request =
        |query: &str| world.http.request(method.clone(), format!("{}{path}{query}", world.base_url)).bearer_auth(key);
    let json = |body: &'static str| request("").header("content-type", "application/json").body(body);
    vec![
        json("{"),
        json(r#"{"no such member": 1, "model": 5}"#),
        json("{}").header("content-encoding", "br"),
        request("?limit=many&no_such_parameter=1"),
    ]
}

#[tokio::test]
async fn a_refused_key_goes_before_a_malformed_request_and_is_on_the_audit_trail() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let mut wrong = Vec::new();
    for (route, operation) in keyed() {
        let what = format!("{} {}", operation.method, route.paths[0]);
        let revoked = world.administrator().await;
        world.change_key(&revoked, "revoked_at = gateway.now()").await;
        let unscoped = world.administrator().await;
        world.change_key(&unscoped, "scopes = '{no:scope}'").await;
        let unknown = format!("gw_live_{}", "x".repeat(43));
        for (key, refusal) in [
            (unknown.as_str(), (401, "invalid_api_key")),
            (&revoked.key, (401, "api_key_revoked")),
            (&unscoped.key, (403, "insufficient_scope")),
        ]
        .into_iter()
        .filter(|(_, (_, code))| !is_of_itself(operation) || *code != "insufficient_scope")
        {
            for request in malformed(&world, route, operation, &unscoped, key).await {
                let told = Answer::to(request).await.outcome();
                if told != (refusal.0, refusal.1.to_owned()) {
                    wrong.push(format!("{what}: {told:?}, not {refusal:?}"));
                }
            }
        }
        let refused = [Some(revoked), Some(unscoped).filter(|_| !is_of_itself(operation))];
        for account in refused.into_iter().flatten() {
            let noted = format!(
                "select count(*) from gateway.audit_logs where action = 'key.refused' and actor_key_id = '{}'",
                account.key_id
            );
            if world.value(&noted).await != json!(1) {
                wrong.push(format!("{what}: not on the audit trail"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_good_key_hears_what_is_wrong_with_its_request() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.limit(account.id, &json!({"requests_per_minute": 7})).await;
    // What stands of its limits belongs to calls of models alone.
    let requests = [
        (world.post("/user/api-keys", &account.key, &json!({"no_such_member": 1})), "unknown_field", ""),
        (world.chat(&account.key, &json!({"model": 5})), "invalid_request", "7"),
    ];
    for (request, code, limit) in requests {
        let answer = Answer::to(request).await;
        assert_eq!(answer.header("x-ratelimit-limit-requests"), limit, "{}", answer.text);
        answer.refused(400, code);
    }
    // Of the key's limit and its account's it is the one that leaves less.
    world.change_key(&account, r#"rate_limits = '{"requests_per_minute": 3}'"#).await;
    let answer = Answer::to(world.chat(&account.key, &json!({"model": 5}))).await;
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "3", "{}", answer.text);
    // A key that may use other models only, or has spent what it may, must mend its request all the same.
    world.change_key(&account, "allowed_models = '{other/*}', spend_limit = 1, spent = 1").await;
    Answer::to(world.chat(&account.key, &json!({"model": 5}))).await.refused(400, "invalid_request");
}

/// Announces a body of five megabytes and sends none of it: gives the answer's status and code.
async fn announced(world: &World, method: &str, path: &str, key: Option<&str>) -> (u16, String) {
    let address = world.base_url.strip_prefix("http://").expect("a plain address");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: 5000000\r\nexpect: 100-continue\r\n{key}\r\n"
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let read = connection.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("an answer without the body").expect("text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_refused_key_goes_before_a_body_that_is_too_large_and_the_body_is_not_asked_for() {
    let world = World::start().await;
    let _keeps_the_role = world.administrator().await;
    let mut wrong = Vec::new();
    for (route, operation) in keyed() {
        let caller = world.administrator().await;
        let sample = sample(&world, route, operation, &caller).await;
        let (path, what) = (sample.path(route.paths[0]), format!("{} {}", operation.method, route.paths[0]));
        let unknown = format!("gw_live_{}", "x".repeat(43));
        let mut cases = vec![(None, "", (401, "missing_api_key")), (Some(&unknown), "", (401, "invalid_api_key"))];
        if sample.body.is_some() {
            cases.push((Some(&caller.key), "", (413, "payload_too_large")));
        }
        if !is_of_itself(operation) {
            cases.push((Some(&caller.key), "scopes = '{no:scope}'", (403, "insufficient_scope")));
        }
        cases.push((Some(&caller.key), "revoked_at = gateway.now()", (401, "api_key_revoked")));
        for (key, change, refusal) in cases {
            if !change.is_empty() {
                world.change_key(&caller, change).await;
            }
            let told = announced(&world, operation.method, &path, key.map(String::as_str)).await;
            if told != (refusal.0, refusal.1.to_owned()) {
                wrong.push(format!("{what}: {told:?}, not {refusal:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
