//! What administrators do: accounts, credit, and the record of both.

mod create;
mod credits;
mod idempotency;
mod ledger;
mod limits;
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

/// Whether any row of any table holds this text.
pub(crate) async fn is_stored(world: &World, text: &str) -> bool {
    let tables =
        "select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'";
    let tables: Vec<String> = serde_json::from_value(world.value(tables).await).expect("tables");
    for table in tables {
        let found = format!("select exists (select from gateway.{table} t where strpos(t::text, '{text}') > 0)");
        if world.value(&found).await == true {
            return true;
        }
    }
    false
}
