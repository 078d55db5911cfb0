//! Every endpoint that is not a completion asks the database once at most.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::routes::{Auth, Operation, ROUTES, Route};
use tests::watch::Watch;
use tests::world::{Account, MODEL, World, send};

/// An address of this pattern that exists.
fn path_of(pattern: &str) -> String {
    let mut path = pattern.to_owned();
    for (parameter, value) in [("{provider}/{*model}", MODEL), ("{*id}", MODEL)] {
        path = path.replace(parameter, value);
    }
    assert!(!path.contains('{'), "{pattern}: say here what its parameter may be");
    path
}

/// A body that the operation accepts.
fn body_of(route: &Route, operation: Operation, user: &Account) -> Option<Value> {
    match (operation.method, route.name) {
        ("GET", _) => None,
        ("POST", "admin_create") => Some(json!({ "email": "new@test.example" })),
        ("POST", "admin_add_credits") => Some(json!({ "account_id": user.id, "amount": 1 })),
        (method, name) => panic!("{method} {name}: say here what it accepts"),
    }
}

/// A request that the operation answers with a success.
pub fn request(world: &World, route: &Route, operation: Operation, admin: &Account, user: &Account) -> RequestBuilder {
    let path = path_of(route.paths[0]);
    let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
    let mut request = world.http.request(method, format!("{}{path}", world.base_url));
    request = match operation.auth {
        Auth::Public => request,
        Auth::User => request.bearer_auth(&user.key),
        Auth::Admin => request.bearer_auth(&admin.key),
        Auth::Cron => request.bearer_auth(&world.platform.variables()["CRON_SECRET"]),
    };
    match body_of(route, operation, user) {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    }
}

/// Every operation of the table that is not a completion.
pub fn operations() -> impl Iterator<Item = (&'static Route, Operation)> {
    let all = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |operation| (route, *operation)));
    all.filter(|(_, operation)| operation.scope != Some("inference"))
}

#[tokio::test]
async fn every_other_endpoint_makes_one_database_call_at_most() {
    let world = World::start().await;
    let (admin, user) = (world.administrator().await, world.account(0).await);
    let watch = Watch::new(&world);
    for (route, operation) in operations() {
        let name = format!("{} {}", operation.method, route.paths[0]);
        let response = send(request(&world, route, operation, &admin, &user)).await;
        let (status, text) = (response.status().as_u16(), response.text().await.expect("a body"));
        assert!((200..300).contains(&status), "{name}: {status} {text}");
        let asked = watch.functions();
        assert!(asked.len() <= 1, "{name}: {asked:?}");
        // Who a caller is, only the database knows.
        if matches!(operation.auth, Auth::User | Auth::Admin) {
            assert_eq!(asked.len(), 1, "{name}");
        }
        watch.clear();
    }
}
