//! No role keeps a transaction open for ever.

use serde_json::json;
use tests::world::World;

#[tokio::test]
async fn every_role_that_works_here_has_a_limit_to_its_statements_or_to_its_silence() {
    let world = World::start().await;
    for (role, setting) in [
        ("'service_role'", "statement_timeout=15s"),
        ("'authenticator'", "idle_in_transaction_session_timeout=15s"),
        ("current_user", "idle_in_transaction_session_timeout=5min"),
    ] {
        let sql = format!("select coalesce(rolconfig @> '{{{setting}}}', false) from pg_roles where rolname = {role}");
        assert_eq!(world.value(&sql).await, json!(true), "{role} {setting}");
    }
}
