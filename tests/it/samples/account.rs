//! What an account asks about itself.

use tests::world::{Account, World};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(_world: &World, (method, name): (&str, &str), _owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("GET", "user_balance") => Sample::plain(),
        ("GET", "user_credit_transactions") => Sample::plain().with_query("?limit=5"),
        ("GET", "user_key_audit_logs") => Sample::plain().with_query("?action=key.&limit=5"),
        _ => return None,
    })
}
