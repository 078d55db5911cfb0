//! What administrators do: accounts, credit, and the record of both.

mod create;
mod credits;
mod idempotency;
mod ledger;
mod limits;
mod meanwhile;
mod users;

use serde_json::Value;
use tests::answer::Answer;
use tests::world::{Account, World};

/// A POST as this administrator, with an Idempotency-Key if there is one.
pub(crate) async fn post(
    world: &World,
    admin: &Account,
    path: &str,
    body: &Value,
    idempotency_key: Option<&str>,
) -> Answer {
    let mut request = world.post(path, &admin.key, body);
    if let Some(key) = idempotency_key {
        request = request.header("idempotency-key", key);
    }
    Answer::to(request).await
}
