//! What is asked about recommendations.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("GET", "referral_code" | "referral_stats") => Sample::plain(),
        ("POST", "referral_validate" | "referral_apply") => Sample::body(json!({"code": somebodys_code(world).await})),
        ("GET", "referral_history" | "admin_referrals") => {
            referral(world, owner).await;
            Sample::plain().with_query("?limit=5")
        }
        _ => return None,
    })
}

/// The code of an account that was here before any other.
pub async fn somebodys_code(world: &World) -> String {
    let somebody = world.account(0).await;
    world.change_account(&somebody, "created_at = created_at - interval '30 days'").await;
    let code = Uuid::new_v4().simple().to_string()[..8].to_ascii_uppercase();
    world
        .sql(&format!(
            "insert into gateway.referral_codes (account_id, code, created_at) values ('{}', '{code}', gateway.now())",
            somebody.id
        ))
        .await;
    code
}

/// Somebody whom this account has recommended the gateway to.
async fn referral(world: &World, owner: &Account) {
    let referred = world.account(0).await;
    world
        .sql(&format!(
            "insert into gateway.referrals (id, referrer_id, referred_id, created_at)
               values (gen_random_uuid(), '{}', '{}', gateway.now())",
            owner.id, referred.id
        ))
        .await;
}
