//! What is asked about coupons.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "coupons_redeem") => Sample::body(json!({"code": coupon(world, owner).await.1})),
        ("GET", "coupons_available") => {
            coupon(world, owner).await;
            Sample::plain()
        }
        ("GET", "coupons_history") => Sample::plain().with_query("?limit=5"),
        ("POST", "admin_coupons") => Sample::body(json!({"kind": "bonus", "percent": 12.5, "max_bonus": 20})),
        ("GET", "admin_coupons") => {
            coupon(world, owner).await;
            Sample::plain().with_query("?kind=credit&limit=5")
        }
        ("GET", "admin_coupon" | "admin_coupon_analytics") | ("DELETE", "admin_coupon") => {
            Sample::plain().with("id", coupon(world, owner).await.0)
        }
        ("PATCH", "admin_coupon") => Sample::body(json!({"active": false})).with("id", coupon(world, owner).await.0),
        ("GET", "admin_coupon_stats") => Sample::plain(),
        ("GET", "admin_promotions") => Sample::plain().with_query("?limit=5"),
        ("PUT", "admin_promotion") => Sample::body(json!({"budget": 100})).with("id", "spring"),
        _ => return None,
    })
}

/// A coupon that is this account's: its id and its code.
pub async fn coupon(world: &World, owner: &Account) -> (Uuid, String) {
    let (id, code) = (Uuid::new_v4(), Uuid::new_v4().simple().to_string().to_ascii_uppercase());
    world
        .sql(&format!(
            "insert into gateway.coupons (id, code, kind, amount, account_id, created_at)
               values ('{id}', '{code}', 'credit', 1000000000, '{}', gateway.now())",
            owner.id
        ))
        .await;
    (id, code)
}
