//! What would be taken for something else, or would never end, is refused where it comes in.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

/// The param of a 400.
async fn blamed(request: reqwest::RequestBuilder) -> Value {
    let answer = Answer::to(request).await;
    answer.refused(400, "invalid_request");
    serde_json::from_str::<Value>(&answer.text).expect("JSON")["error"]["param"].clone()
}

#[tokio::test]
async fn a_list_is_no_object_wherever_it_stands() {
    let world = World::start().await;
    let (admin, user) = (world.administrator().await, world.account(0).await);
    for body in [
        json!({"name": "x", "spend_limit": [5, "day"]}),
        json!({"name": "x", "rate_limits": [1, 1, 1, 1, 1, 1, 1]}),
        json!(["x"]),
    ] {
        blamed(world.post("/user/api-keys", &user.key, &body)).await;
    }
    for body in [json!({"spend_limit": [5, "day"]}), json!({"rate_limits": [1, 1, 1, 1, 1, 1, 1]})] {
        let path = format!("{}/user/api-keys/{}", world.base_url, user.key_id);
        blamed(world.http.patch(path).bearer_auth(&user.key).json(&body)).await;
    }
    let limits = json!({"account_id": user.id, "limits": [1, 1, 1, 1, 1, 1, 1, 1, 1]});
    blamed(world.post("/admin/limit", &admin.key, &limits)).await;
    assert_eq!(world.value("select count(*) from gateway.api_keys").await, json!(2));
}

#[tokio::test]
async fn names_and_roles_have_an_end() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for name in [String::new(), "a\nb".to_owned(), "a\u{85}b".to_owned(), "x".repeat(101)] {
        let body = json!({"email": "ann@people.example", "username": name});
        assert_eq!(blamed(world.post("/admin/create", &admin.key, &body)).await, "username");
    }
    let many: Vec<String> = (0..101).map(|n| format!("admin:{}", "x".repeat(n % 30 + 1))).collect();
    let made = json!({"name": "many", "permissions": many});
    assert_eq!(blamed(world.post("/admin/roles", &admin.key, &made)).await, "permissions");
    let role = json!({"name": "few", "permissions": many[..100]});
    Answer::to(world.post("/admin/roles", &admin.key, &role)).await.success();
    let change = world.http.put(format!("{}/admin/roles/few", world.base_url)).bearer_auth(&admin.key);
    assert_eq!(blamed(change.json(&json!({"permissions": many}))).await, "permissions");
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_none() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for address in ["a@.", "a@..", "a@b..c", "a@x.y.", ".@x.y", "-@-.-", "a@-x.y"] {
        for path in ["/auth/register", "/admin/create"] {
            assert_eq!(blamed(world.post(path, &admin.key, &json!({"email": address}))).await, "email", "{address}");
        }
    }
    assert!(world.platform.mailbox.messages().is_empty());
}

#[tokio::test]
async fn a_key_where_an_id_or_a_time_belongs_is_not_repeated() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for method in [reqwest::Method::GET, reqwest::Method::PATCH] {
        let path = format!("{}/admin/users/{}", world.base_url, admin.key);
        let request = world.http.request(method, path).bearer_auth(&admin.key).json(&json!({"disabled": true}));
        let answer = Answer::to(request).await;
        answer.refused(404, "account_not_found");
        assert!(!answer.text.contains(&admin.key[8..]), "{}", answer.text);
    }
    let body = json!({"account_id": admin.id, "amount": 1, "expires_at": admin.key});
    let answer = Answer::to(world.post("/admin/add_credits", &admin.key, &body)).await;
    answer.refused(400, "invalid_request");
    assert!(!answer.text.contains("got"), "{}", answer.text);
}

#[tokio::test]
async fn the_trail_is_searched_for_an_address_in_either_form() {
    let world = World::start().await;
    let admin = world.administrator().await;
    Answer::to(world.post("/user/api-keys", &admin.key, &json!({"name": "x"}))).await.success();
    for ip in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let found = Answer::to(world.get(&format!("/admin/audit-logs?ip={ip}"), &admin.key)).await.success();
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{ip}");
    }
}
