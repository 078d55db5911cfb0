//! The API's documentation of itself says what the API does.

mod answers;
mod console;
mod guides;
mod links;
mod operations;
mod page;
mod pages;
mod table;

use serde_json::Value;
use shared::route::{Operation, Route};
use tests::answer::Answer;
use tests::world::World;

/// The document as the gateway serves it.
pub(crate) async fn document(world: &World) -> Value {
    Answer::to(world.http.get(format!("{}/openapi.json", world.base_url))).await.success()
}

/// What the document says of an operation.
pub(crate) fn described<'a>(document: &'a Value, route: &Route, operation: &Operation) -> &'a Value {
    let path = route.public_path();
    let described = &document["paths"][&path][operation.method.to_ascii_lowercase()];
    assert!(described.is_object(), "{} {path} is not documented", operation.method);
    described
}
