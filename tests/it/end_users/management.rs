//! Budgets are set, listed and taken back; whoever may not is refused, and what cannot be is named.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{forget, list, seen, set};

#[tokio::test]
async fn end_users_are_listed_by_name_page_by_page_each_accounts_own() {
    let world = World::start().await;
    let (account, stranger) = (world.account(0).await, world.account(0).await);
    for user in ["zoe/ü 1", "ann", "bob"] {
        let set = set(&world, &account, Some(user), json!({"amount": 0.000000001, "period": "week"})).await.success();
        assert_eq!((&set["user"], &set["budget"]), (&json!(user), &json!({"amount": 0.000000001, "period": "week"})));
    }
    set(&world, &stranger, Some("ann"), json!({"amount": 9})).await.success();
    let first = list(&world, &account, "?limit=2").await;
    assert_eq!((&first["data"][0]["user"], &first["data"][1]["user"]), (&json!("ann"), &json!("bob")));
    let second =
        list(&world, &account, &format!("?limit=2&cursor={}", first["next_cursor"].as_str().expect("more"))).await;
    assert_eq!((&second["data"][0]["user"], &second["has_more"]), (&json!("zoe/ü 1"), &json!(false)));
    // A budget that is taken back leaves the default, or nobody.
    let default = json!({"amount": 2, "period": "month"});
    let told = set(&world, &account, None, default.clone()).await.success();
    assert_eq!(told, json!({"object": "end_user_default", "budget": default}));
    let back = set(&world, &account, Some("ann"), Value::Null).await.success();
    assert_eq!((&back["is_default"], &back["budget"]), (&json!(true), &default));
    let unknown = set(&world, &account, Some("nobody"), Value::Null).await.success();
    assert_eq!((&unknown["budget"], &unknown["created_at"]), (&default, &Value::Null));
    set(&world, &account, None, Value::Null).await.success();
    assert_eq!(seen(&world, &account, "ann").await, Value::Null);
    forget(&world, &account, "zoe/ü 1").await.success();
    assert_eq!(list(&world, &account, "").await["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen(&world, &stranger, "ann").await["budget"]["amount"], 9);
    // Nobody's name is in the audit trail.
    let trail =
        world.value("select jsonb_agg(to_jsonb(l)) from gateway.audit_logs l where action like 'end_user.%'").await;
    assert!(trail.as_array().is_some_and(|entries| entries.len() >= 8), "{trail}");
    assert!(!trail.to_string().contains("zoe") && !trail.to_string().contains("ann"), "{trail}");
}

#[tokio::test]
async fn what_is_no_budget_is_refused_by_its_name() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (body, param) in [
        (json!({"user": "", "budget": {"amount": 1}}), "user"),
        (json!({"user": "a\nb", "budget": {"amount": 1}}), "user"),
        (json!({"user": "x".repeat(257), "budget": {"amount": 1}}), "user"),
        (json!({"user": "a", "budget": {"amount": -1}}), "budget"),
        (json!({"user": "a", "budget": {"amount": 1_000_000_001}}), "budget"),
        (json!({"user": "a"}), "budget"),
    ] {
        let request = world.http.put(format!("{}/user/end-users", world.base_url)).bearer_auth(&account.key);
        let answer = Answer::to(request.header("content-type", "application/json").body(body.to_string())).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{body}");
    }
    for budget in [
        json!({"amount": 0.0000000001}),
        json!({"amount": 1, "period": "year"}),
        json!({"period": "day"}),
        json!([1, "day"]),
    ] {
        let answer = set(&world, &account, Some("a"), budget.clone()).await;
        assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{budget}");
    }
    let nobody = world.http.delete(format!("{}/user/end-users", world.base_url)).bearer_auth(&account.key);
    assert_eq!(Answer::to(nobody).await.status, 400);
    forget(&world, &account, "").await.refused(400, "invalid_request");
    assert_eq!(world.value("select count(*) from gateway.end_users").await, 0);
}
