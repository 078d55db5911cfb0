//! A request for every operation of the route table that is not a completion.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::routes::{Auth, Operation, ROUTES, Route};
use tests::world::{Account, MODEL, World};

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
