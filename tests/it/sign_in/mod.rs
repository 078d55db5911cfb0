//! Signing in: who gets in, who does not, and what stays of either.

mod accounts;
mod alike;
mod codes;
mod forgery;
mod limits;
mod parallel;
mod privy;
mod privys_codes;
mod secrecy;
mod trial;

use serde_json::{Value, json};
use tests::world::World;

/// How many rows there are of everything that a sign-in may make.
async fn made(world: &World) -> Value {
    world
        .value(
            "select jsonb_build_object(
               'accounts', (select count(*) from gateway.accounts),
               'identities', (select count(*) from gateway.identities),
               'keys', (select count(*) from gateway.api_keys),
               'grants', (select count(*) from gateway.credit_grants),
               'claims', (select count(*) from gateway.trial_claims))",
        )
        .await
}

/// The same for one new user with `identities`.
fn one_user(identities: usize) -> Value {
    json!({"accounts": 1, "identities": identities, "keys": 1, "grants": 1, "claims": identities})
}

/// Why sign-ins failed, as the audit trail has it, oldest first.
async fn failures(world: &World) -> Vec<String> {
    let sql = "select coalesce(jsonb_agg(details ->> 'reason' order by id), '[]') from gateway.audit_logs
               where action = 'sign_in.failed'";
    serde_json::from_value(world.value(sql).await).expect("reasons")
}
