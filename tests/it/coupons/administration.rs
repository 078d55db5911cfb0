//! Coupons and promotions as administrators make, watch and end them.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{World, nanos};

use super::{made, promotion, redeem};
use crate::payments::shop::DOLLAR;

async fn patch(world: &World, key: &str, id: &str, body: &Value) -> Answer {
    let request = world.http.patch(format!("{}/admin/coupons/{id}", world.base_url)).bearer_auth(key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn many_codes_are_made_at_once_as_a_file_each_for_one_use() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let body = json!({"kind": "credit", "amount": 2, "count": 1000});
    let answer = Answer::to(world.post("/admin/coupons", &admin.key, &body).header("idempotency-key", "bulk")).await;
    assert_eq!((answer.status, answer.headers["content-type"].to_str().ok()), (200, Some("text/csv; charset=utf-8")));
    let lines: Vec<&str> = answer.text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (1001, "code,id,batch"));
    let code = lines[1].split(',').next().expect("a code");
    assert!(code.len() == 12 && !code.contains(['0', 'O', '1', 'I']), "{code}");
    let again = Answer::to(world.post("/admin/coupons", &admin.key, &body).header("idempotency-key", "bulk")).await;
    assert_eq!(again.text, answer.text);
    let (first, second) = (world.account(0).await, world.account(0).await);
    redeem(&world, &first, code).await.success();
    redeem(&world, &second, code).await.refused(409, "coupon_used_up");
    let batch = lines[1].rsplit(',').next().expect("a batch");
    let list = Answer::to(world.get(&format!("/admin/coupons?batch={batch}&limit=100"), &admin.key)).await.success();
    assert_eq!((list["data"].as_array().map(Vec::len), &list["has_more"]), (Some(100), &json!(true)));
    // The trail names the batch and no code.
    let trail = world
        .value("select jsonb_agg(to_jsonb(a))::text from gateway.audit_logs a where action = 'coupon.create'")
        .await;
    assert!(trail.as_str().is_some_and(|trail| trail.contains(batch) && !trail.contains(code)), "{trail}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_no_coupon_can_be_is_refused_with_its_member() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let cases = [
        (json!({"kind": "credit", "amount": 1}), "max_redemptions"),
        (json!({"kind": "credit", "percent": 1, "max_redemptions": 1}), "amount"),
        (json!({"kind": "credit", "amount": 0, "max_redemptions": 1}), "amount"),
        (json!({"kind": "credit", "amount": 10001, "max_redemptions": 1}), "amount"),
        (json!({"kind": "bonus"}), "amount"),
        (json!({"kind": "bonus", "amount": 1, "percent": 1}), "amount"),
        (json!({"kind": "bonus", "percent": 100.01}), "percent"),
        (json!({"kind": "bonus", "percent": 0.001}), "percent"),
        (json!({"kind": "discount", "percent": 10}), "stripe_coupon_id"),
        (json!({"kind": "bonus", "amount": 1, "code": "a b"}), "code"),
        (json!({"kind": "bonus", "amount": 1, "code": "abc"}), "code"),
        (json!({"kind": "bonus", "amount": 1, "code": "abcd", "count": 5}), "count"),
        (json!({"kind": "bonus", "amount": 1, "count": 1001}), "count"),
        (json!({"kind": "bonus", "amount": 1, "promotion": "none"}), "promotion"),
        (
            json!({"kind": "bonus", "amount": 1, "valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}),
            "valid_until",
        ),
    ];
    for (body, param) in cases {
        let refused = Answer::to(world.post("/admin/coupons", &admin.key, &body)).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!(param)),
            "{body}: {}",
            refused.text
        );
    }
    made(&world, &json!({"code": "twice", "kind": "bonus", "amount": 1})).await;
    let again =
        Answer::to(world.post("/admin/coupons", &admin.key, &json!({"code": "TWICE", "kind": "bonus", "amount": 1})))
            .await;
    again.refused(409, "coupon_exists");
    let user = world.account(0).await;
    let body = json!({"kind": "credit", "amount": 1, "max_redemptions": 1});
    Answer::to(world.post("/admin/coupons", &user.key, &body)).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_coupon_is_changed_and_ended_and_what_was_used_stays() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    promotion(&world, "spring", 100).await;
    let coupon = made(&world, &json!({"code": "SPRING", "kind": "credit", "amount": 5, "max_redemptions": 3, "promotion": "spring", "listed": true})).await;
    let id = coupon["id"].as_str().expect("an id");
    redeem(&world, &account, "SPRING").await.success();
    let refused = patch(&world, &admin.key, id, &json!({"max_redemptions": 0})).await;
    assert_eq!(refused.status, 400);
    let changed =
        patch(&world, &admin.key, id, &json!({"active": false, "valid_until": "2999-01-01T00:00:00Z"})).await.success();
    assert_eq!(
        (&changed["active"], &changed["max_redemptions"], &changed["redemptions"]),
        (&json!(false), &json!(3), &json!(1))
    );
    let other = world.account(0).await;
    redeem(&world, &other, "SPRING").await.refused(404, "coupon_not_found");
    patch(&world, &admin.key, id, &json!({"active": true})).await.success();
    let seen = Answer::to(world.get("/coupons/available", &other.key)).await.success();
    assert_eq!(seen["data"][0]["code"], "SPRING");
    redeem(&world, &other, "SPRING").await.success();
    let analytics = Answer::to(world.get(&format!("/admin/coupons/{id}/analytics"), &admin.key)).await.success();
    assert_eq!((&analytics["redeemed"], nanos(&analytics["credits"])), (&json!(2), 10 * DOLLAR));
    assert_eq!(analytics["days"][0]["redeemed"], 2);
    let stats = Answer::to(world.get("/admin/coupons/stats", &admin.key)).await.success();
    assert_eq!((&stats["kinds"][1]["redeemed"], nanos(&stats["promotions"][0]["spent"])), (&json!(2), 10 * DOLLAR));
    let gone = world.http.delete(format!("{}/admin/coupons/{id}", world.base_url)).bearer_auth(&admin.key);
    assert_eq!(Answer::to(gone).await.success()["deleted"], true);
    Answer::to(world.get(&format!("/admin/coupons/{id}"), &admin.key)).await.refused(404, "coupon_not_found");
    redeem(&world, &world.account(0).await, "SPRING").await.refused(404, "coupon_not_found");
    assert_eq!(world.money(account.id).await.0, 5 * DOLLAR);
    let trail = "select jsonb_agg(action order by id) from gateway.audit_logs where action like 'coupon.%' or action like 'promotion.%'";
    let acts = json!(["promotion.set", "coupon.create", "coupon.update", "coupon.update", "coupon.delete"]);
    assert_eq!(world.value(trail).await, acts);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_daily_budget_is_there_again_the_next_day_and_no_budget_falls_below_what_is_spent() {
    let world = World::start().await;
    let admin = world.administrator().await;
    promotion(&world, "daily", 1).await;
    let set = async |body: Value| {
        let request = world.http.put(format!("{}/admin/promotions/daily", world.base_url)).bearer_auth(&admin.key);
        Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
    };
    set(json!({"budget": 1, "per_day": true})).await.success();
    made(&world, &json!({"code": "DAILY", "kind": "credit", "amount": 1, "promotion": "daily"})).await;
    let (first, second) = (world.account(0).await, world.account(0).await);
    redeem(&world, &first, "DAILY").await.success();
    redeem(&world, &second, "DAILY").await.refused(409, "coupon_used_up");
    assert_eq!(set(json!({"budget": 0.5})).await.status, 400);
    world.sql("update gateway.promotions set day = day - 1").await;
    // Of a day that is over nothing is spent today.
    set(json!({"budget": 0.5})).await.success();
    set(json!({"budget": 1})).await.success();
    redeem(&world, &second, "DAILY").await.success();
    let list = Answer::to(world.get("/admin/promotions", &admin.key)).await.success();
    assert_eq!((&list["data"][0]["id"], nanos(&list["data"][0]["spent"])), (&json!("daily"), DOLLAR));
    world.assert_ledger_clean().await;
}
