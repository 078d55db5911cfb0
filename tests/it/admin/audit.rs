//! The record of what administrators did.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::post;

#[tokio::test]
async fn each_act_is_recorded_with_who_did_it_from_where_and_to_whom() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let acts = [
        (
            "/admin/create",
            json!({"email": "new@test.example", "credits": 1.5, "plan": "dev", "role": "developer"}),
            "account.create",
        ),
        ("/admin/add_credits", json!({"account_id": account.id, "amount": 2, "reason": "a gift"}), "credits.change"),
        ("/admin/add_credits", json!({"account_id": account.id, "amount": -0.5}), "credits.change"),
    ];
    for (i, (path, body, _)) in acts.iter().enumerate() {
        let request = world
            .post(path, &admin.key, body)
            .header("user-agent", format!("console/{i}"))
            .header("x-request-id", format!("request-{i}"));
        assert_eq!(Answer::to(request).await.status, 200);
    }
    let rows = world.value("select jsonb_agg(l order by id) from gateway.audit_logs l").await;
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), acts.len());
    let made = world.value("select id from gateway.accounts where email = 'new@test.example'").await;
    for (i, (row, (_, _, action))) in rows.iter().zip(&acts).enumerate() {
        assert_eq!(row["action"], *action);
        assert_eq!((&row["actor_account_id"], &row["actor_key_id"]), (&json!(admin.id), &json!(admin.key_id)));
        assert_eq!((&row["ip"], &row["user_agent"]), (&json!("127.0.0.1"), &json!(format!("console/{i}"))));
        assert_eq!(row["request_id"], json!(format!("request-{i}")));
        let target = if *action == "account.create" { made.clone() } else { json!(account.id) };
        assert_eq!(row["target_account_id"], target);
        assert!(row["created_at"].is_string());
    }
    assert_eq!(rows[0]["details"], json!({"role": "developer", "plan": "dev", "credits": 1.5}));
    assert_eq!(rows[1]["details"], json!({"amount": 2, "reason": "a gift", "balance": 2}));
    assert_eq!(rows[2]["details"], json!({"amount": -0.5, "reason": null, "balance": 1.5}));
    let made_key = world
        .value(&format!("select id from gateway.api_keys where account_id = {}", made.to_string().replace('"', "'")))
        .await;
    assert_eq!(rows[0]["target_id"], made_key);
}

#[tokio::test]
async fn what_was_refused_or_repeated_is_not_recorded_as_done() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let give = json!({"account_id": account.id, "amount": 1});
    for _ in 0..3 {
        post(&world, &admin, "/admin/add_credits", &give, Some("k")).await.success();
    }
    post(&world, &admin, "/admin/add_credits", &json!({"account_id": account.id, "amount": -5}), None)
        .await
        .refused(402, "insufficient_credits");
    Answer::to(world.post("/admin/add_credits", &account.key, &give)).await.refused(403, "insufficient_scope");
    let done = "select count(*) from gateway.audit_logs where action <> 'key.refused'";
    assert_eq!(world.value(done).await, json!(1));
}

#[tokio::test]
async fn no_secret_is_recorded_anywhere() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let made = post(&world, &admin, "/admin/create", &json!({"email": "new@test.example"}), Some("k")).await.success();
    let key = made["api_key"].as_str().expect("a key").to_owned();
    let hash = world.hash(&key);
    let logs: Value = world.value("select jsonb_agg(l) from gateway.audit_logs l").await;
    let kept: Value = world.value("select jsonb_agg(i) from gateway.idempotency_keys i").await;
    for secret in [&key, &hash, &admin.key, &world.hash(&admin.key)] {
        assert!(!logs.to_string().contains(secret.as_str()) && !kept.to_string().contains(secret.as_str()));
    }
    for secret in
        ["CRON_SECRET", "API_KEY_PEPPER", "SUPABASE_SECRET_KEY", "UPSTASH_REDIS_REST_TOKEN", "OPENROUTER_API_KEY"]
    {
        assert!(!world.is_stored(&world.platform.variables()[secret]).await, "{secret}");
    }
    assert!(!world.is_stored(&admin.key).await);
}
