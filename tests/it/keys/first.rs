//! Whoever sends a malformed request with a key that is refused hears of the key, on every endpoint.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::answer::Answer;
use tests::world::{Account, World};

use crate::samples::sample;

/// Every operation that wants a key.
fn keyed() -> impl Iterator<Item = (&'static Route, Operation)> {
    let all = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |operation| (route, *operation)));
    all.filter(|(_, operation)| matches!(operation.auth, Auth::User | Auth::Admin))
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
        ] {
            for request in malformed(&world, route, operation, &unscoped, key).await {
                let told = Answer::to(request).await.outcome();
                if told != (refusal.0, refusal.1.to_owned()) {
                    wrong.push(format!("{what}: {told:?}, not {refusal:?}"));
                }
            }
        }
        for account in [revoked, unscoped] {
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
    let request = world.post("/user/api-keys", &account.key, &json!({"no_such_member": 1}));
    Answer::to(request).await.refused(400, "unknown_field");
    // A key that may use other models only, or has spent what it may, must mend its request all the same.
    world.change_key(&account, "allowed_models = '{other/*}', spend_limit = 1, spent = 1").await;
    Answer::to(world.chat(&account.key, &json!({"model": 5}))).await.refused(400, "invalid_request");
}
