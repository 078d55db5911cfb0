//! What administrators ask.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these. What it does it does to `owner`.
pub async fn sample(_world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "admin_create") => Sample::body(json!({"email": format!("{}@new.example", Uuid::new_v4())})),
        ("POST", "admin_add_credits") => Sample::body(json!({"account_id": owner.id, "amount": 1})),
        ("GET", "admin_ledger_check") => Sample::plain(),
        _ => return None,
    })
}
