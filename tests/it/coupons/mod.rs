//! Coupons: credit for a code, once, and bonuses that come and go with their purchase.
//!
//! - `redeem`: credit, and what is refused. `bonus`: on purchases. `discount`: on plans. `races`: the same at the same time. `administration`.

mod administration;
mod bonus;
mod discount;
mod races;
mod redeem;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

/// A coupon that an administrator has made.
pub async fn made(world: &World, body: &Value) -> Value {
    let admin = world.administrator().await;
    Answer::to(world.post("/admin/coupons", &admin.key, body)).await.success()
}

/// An attempt to redeem a code.
pub async fn redeem(world: &World, account: &Account, code: &str) -> Answer {
    Answer::to(world.post("/coupons/redeem", &account.key, &json!({ "code": code }))).await
}

/// A promotion with a budget of so many dollars.
pub async fn promotion(world: &World, name: &str, dollars: u32) {
    let admin = world.administrator().await;
    let body = json!({ "budget": dollars });
    let request = world.http.put(format!("{}/admin/promotions/{name}", world.base_url)).bearer_auth(&admin.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await.success();
}
