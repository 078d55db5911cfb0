//! Bodies of management requests that are not as they should be.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::assert_nothing_left;

const PATHS: [&str; 6] = [
    "/admin/create",
    "/admin/add_credits",
    "/admin/limit",
    "/admin/assign-plan",
    "/admin/roles",
    "/admin/roles/assign",
];

async fn post(world: &World, admin: &Account, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::to(world.post(path, &admin.key, &Value::Null).body(body)).await
}

/// A body that would be served, as text.
fn good(path: &str, someone: &Account) -> Value {
    match path {
        "/admin/create" => {
            json!({"email": "new@test.example", "username": "New", "role": "user", "plan": "dev", "key_name": "A key"})
        }
        "/admin/limit" => json!({"account_id": someone.id, "limits": {"burst": 1}}),
        "/admin/assign-plan" => {
            json!({"account_id": someone.id, "plan": "dev", "ends_at": "2100-01-01T00:00:00Z"})
        }
        "/admin/roles" => json!({"name": "new-role", "permissions": ["inference"]}),
        "/admin/roles/assign" => json!({"account_id": someone.id, "role": "user"}),
        _ => json!({"account_id": someone.id, "amount": 1, "reason": "because", "expires_at": "2100-01-01T00:00:00Z"}),
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_said_to_be_none() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    for path in PATHS {
        let good = good(path, &someone);
        let member = good.as_object().expect("an object").keys().next().expect("a member");
        let (half, good) = (format!("{{\"{member}\":\"\\ud800\"}}"), good.to_string());
        for body in ["{", &good[..good.len() - 1], &format!("{good}x"), "\u{0}", &half, "\u{feff}{}"] {
            let answer = post(&world, &admin, path, body.to_owned()).await;
            assert_eq!(answer.outcome(), (400, "invalid_json".to_owned()), "{path} {body:?}: {}", answer.text);
        }
        for body in ["", " ", "[]", "null", "1", "\"text\"", "{}", "[[[]]]"] {
            let answer = post(&world, &admin, path, body.to_owned()).await;
            assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{path} {body:?}: {}", answer.text);
        }
        for bad in [&b"{\"email\":\"\xff@x.example\"}"[..], b"\xff\xfe{", b"{\"\xc3\":1}"] {
            assert_eq!(post(&world, &admin, path, bad).await.status, 400);
        }
    }
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
}

#[tokio::test]
async fn every_member_is_checked_and_no_value_breaks_anything() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("\"{}\"", "x".repeat(100_000));
    let mut values: Vec<&str> = vec![
        "true",
        "0",
        "-1",
        "-0",
        "1.5",
        "1e5",
        "1e400",
        "-1e400",
        "9223372036.854775807",
        "-9223372036.854775807",
        "9223372036854775808",
        "0.0000000001",
        "\"\"",
        "\"\\u0000\"",
        "\"a\\u0000b@x.example\"",
        "\"\\ud800\"",
        "\"\\\\u0000\"",
        "[]",
        "{}",
        "[null]",
        "\"00000000-0000-0000-0000-000000000000\"",
        "\"-009999-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"infinity\"",
        "\"now\"",
        "\"user\\u0000\"",
        "\"@\"",
        "\"a@b\"",
        "\"a@b.c@d.e\"",
        "\"a b@c.d\"",
        "\"\\n@x.example\"",
    ];
    values.extend([deep.as_str(), long.as_str()]);
    for path in PATHS {
        let good = good(path, &someone);
        for member in
            good.as_object().expect("an object").keys().map(String::as_str).chain(["email", "credits", "unknown"])
        {
            for value in &values {
                let mut body = good.clone();
                body[member] = json!("VALUE");
                if path == "/admin/add_credits" && member == "email" {
                    body.as_object_mut().expect("an object").remove("account_id");
                }
                let answer = post(&world, &admin, path, body.to_string().replace("\"VALUE\"", value)).await;
                let what = format!("{path} {member}: {}", value.chars().take(60).collect::<String>());
                answer.served_or_blamed(&what);
                assert!(
                    answer.text.len() < 10_000 || answer.status == 200,
                    "{what}: an answer of {} bytes",
                    answer.text.len()
                );
            }
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn the_member_at_fault_is_named() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let email = "new@test.example";
    let cases = [
        ("/admin/create", json!({"email": email, "is_admin": true}), "unknown_field", "is_admin"),
        ("/admin/create", json!({}), "invalid_request", "email"),
        ("/admin/create", json!({"email": "nobody"}), "invalid_request", "email"),
        ("/admin/create", json!({"email": email, "credits": -1}), "invalid_request", "credits"),
        ("/admin/create", json!({"email": email, "role": "king"}), "invalid_request", "role"),
        ("/admin/create", json!({"email": email, "plan": "gold"}), "invalid_request", "plan"),
        (
            "/admin/add_credits",
            json!({"account_id": someone.id, "amount": 1, "currency": "EUR"}),
            "unknown_field",
            "currency",
        ),
        ("/admin/add_credits", json!({"account_id": someone.id}), "invalid_request", "amount"),
        ("/admin/add_credits", json!({"account_id": someone.id, "amount": 0}), "invalid_request", "amount"),
        ("/admin/add_credits", json!({"amount": 1}), "invalid_request", "account_id"),
        (
            "/admin/add_credits",
            json!({"account_id": someone.id, "email": email, "amount": 1}),
            "invalid_request",
            "account_id",
        ),
        (
            "/admin/add_credits",
            json!({"account_id": someone.id, "amount": 1, "expires_at": "2020-01-01T00:00:00Z"}),
            "invalid_request",
            "expires_at",
        ),
    ];
    for (path, body, code, param) in cases {
        let answer = post(&world, &admin, path, body.to_string()).await;
        assert_eq!(answer.refused(400, code)["param"], param, "{path} {body}");
    }
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
    assert_eq!(world.money(someone.id).await, (0, 0, 0));
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_is_too_long_to_read() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let long = "x".repeat(1_000_000);
    for path in PATHS {
        let answer = post(&world, &admin, path, json!({ long.as_str(): 1 }).to_string()).await;
        answer.refused(400, "unknown_field");
        assert!(answer.text.len() < 2_000, "{} bytes", answer.text.len());
        let answer = post(&world, &admin, path, json!({"expires_at": long, "credits": long}).to_string()).await;
        assert!(answer.status == 400 && answer.text.len() < 2_000, "{} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn a_member_said_twice_is_refused() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let body = format!(r#"{{"account_id":"{}","amount":1,"amount":2}}"#, someone.id);
    post(&world, &admin, "/admin/add_credits", body).await.refused(400, "invalid_request");
    let body = r#"{"email":"a@test.example","email":"b@test.example"}"#;
    post(&world, &admin, "/admin/create", body).await.refused(400, "invalid_request");
    assert_eq!(world.money(someone.id).await, (0, 0, 0));
}

#[tokio::test]
async fn an_idempotency_key_is_1_to_255_visible_characters() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let (longest, longer) = ("k".repeat(255), "k".repeat(256));
    for (key, status) in [("k", 200), (&longest, 200), (&longer, 400), ("", 400)] {
        let request = world.post("/admin/add_credits", &admin.key, &json!({"account_id": someone.id, "amount": 1}));
        let answer = Answer::to(request.header("idempotency-key", key)).await;
        assert_eq!(answer.outcome().0, status, "{key:?}: {}", answer.text);
    }
    let request = world.post("/admin/add_credits", &admin.key, &json!({"account_id": someone.id, "amount": 1}));
    let answer = Answer::to(request.header("idempotency-key", &b"\xff"[..])).await;
    assert_eq!(answer.refused(400, "invalid_request")["param"], "Idempotency-Key");
    assert_eq!(world.money(someone.id).await.0, 2_000_000_000);
}

#[tokio::test]
async fn amounts_beyond_any_account_are_refused_and_not_added_up() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let change = |amount: &str| format!(r#"{{"account_id":"{}","amount":{amount}}}"#, someone.id);
    for _ in 0..3 {
        let answer = post(&world, &admin, "/admin/add_credits", change("9223372036.854775807")).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "amount");
    }
    post(&world, &admin, "/admin/add_credits", change("-9223372036.854775807"))
        .await
        .refused(402, "insufficient_credits");
    let huge = r#"{"email":"rich@test.example","credits":9223372036.854775807}"#;
    assert_eq!(post(&world, &admin, "/admin/create", huge).await.refused(400, "invalid_request")["param"], "credits");
    // As much as an account can hold, on many accounts: the books still add up.
    for i in 0..12 {
        let body = format!(r#"{{"email":"rich{i}@test.example","credits":1000000000}}"#);
        assert_eq!(post(&world, &admin, "/admin/create", body).await.status, 200);
    }
    let report = Answer::to(world.get("/admin/ledger/check", &admin.key)).await;
    assert_eq!((&report.success()["ok"], &report.success()["balance"]), (&json!(true), &json!(12_000_000_000_u64)));
}
