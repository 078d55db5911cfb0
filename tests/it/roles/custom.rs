//! Roles that administrators make.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{assign, role, send};

#[tokio::test]
async fn a_role_is_made_listed_changed_given_and_deleted() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let wanted = json!({"name": "support-2_eu", "permissions": ["usage:read", "admin:users", "usage:read"]});
    let made = Answer::to(world.post("/admin/roles", &admin.key, &wanted)).await.success();
    // Each permission once, in order.
    assert_eq!((&made["name"], &made["permissions"]), (&json!("support-2_eu"), &json!(["admin:users", "usage:read"])));
    assert_eq!((&made["object"], &made["built_in"]), (&json!("role"), &json!(false)));
    Answer::to(world.post("/admin/roles", &admin.key, &wanted)).await.refused(409, "role_exists");

    let changed =
        send(&world, "PUT", "/admin/roles/support-2_eu", &admin.key, &json!({"permissions": ["admin:monitor"]})).await;
    assert_eq!(changed.success()["permissions"], json!(["admin:monitor"]));

    let given = assign(&world, &admin.key, &account, "support-2_eu").await.success();
    assert_eq!((&given["role"], &given["former_role"]), (&json!("support-2_eu"), &json!("user")));
    let holders = Answer::to(world.get("/admin/roles/support-2_eu/users", &admin.key)).await.success();
    assert_eq!(holders["data"][0]["id"], json!(account.id));
    assert_eq!(holders["data"].as_array().map(Vec::len), Some(1));

    let path = "/admin/roles/support-2_eu";
    send(&world, "DELETE", path, &admin.key, &Value::Null).await.refused(409, "role_in_use");
    assign(&world, &admin.key, &account, "user").await.success();
    let deleted = send(&world, "DELETE", path, &admin.key, &Value::Null).await.success();
    assert_eq!(deleted, json!({"object": "role", "name": "support-2_eu", "deleted": true}));
    send(&world, "DELETE", path, &admin.key, &Value::Null).await.refused(404, "role_not_found");
    send(&world, "PUT", path, &admin.key, &json!({"permissions": []})).await.refused(404, "role_not_found");
    Answer::to(world.get("/admin/roles/support-2_eu/users", &admin.key)).await.refused(404, "role_not_found");
    assign(&world, &admin.key, &account, "support-2_eu").await.refused(404, "role_not_found");
}

#[tokio::test]
async fn the_built_in_roles_are_neither_changed_nor_deleted_nor_made_again() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let before = world.value("select jsonb_agg(r order by name) from gateway.roles r").await;
    for name in ["user", "developer", "admin"] {
        let path = format!("/admin/roles/{name}");
        let everything = json!({"permissions": ["*"]});
        send(&world, "PUT", &path, &admin.key, &everything).await.refused(409, "role_protected");
        send(&world, "DELETE", &path, &admin.key, &Value::Null).await.refused(409, "role_protected");
        let again = json!({"name": name, "permissions": ["*"]});
        Answer::to(world.post("/admin/roles", &admin.key, &again)).await.refused(409, "role_exists");
    }
    assert_eq!(world.value("select jsonb_agg(r order by name) from gateway.roles r").await, before);
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
}

#[tokio::test]
async fn names_and_permissions_that_cannot_be_are_refused() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let long = "x".repeat(33);
    for name in ["", "x", "Support", "a b", "a.b", "é1", "assign", "a\u{0}b", long.as_str()] {
        let answer =
            Answer::to(world.post("/admin/roles", &admin.key, &json!({"name": name, "permissions": []}))).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "name", "{name:?}");
    }
    for permission in ["", "root", "keys", "keys:*", "admin:", "admin:*", "admin:Users", "admin:a:b", "**", "a\u{0}"] {
        let body = json!({"name": "some-role", "permissions": ["inference", permission]});
        let answer = Answer::to(world.post("/admin/roles", &admin.key, &body)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "permissions", "{permission:?}");
    }
    for name in ["ab", "0-", &"x".repeat(32)] {
        let body = json!({"name": name, "permissions": ["*", "admin", "admin:new_area", "inference"]});
        Answer::to(world.post("/admin/roles", &admin.key, &body)).await.success();
    }
}

#[tokio::test]
async fn roles_and_their_holders_come_page_by_page() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for name in ["zebra", "ape", "newt"] {
        role(&world, name, "inference").await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = Answer::to(world.get(&format!("/admin/roles?limit=2{cursor}"), &admin.key)).await.success();
        names.extend(page["data"].as_array().expect("data").iter().map(|role| role["name"].clone()));
        assert_eq!(page["has_more"], json!(page["next_cursor"].is_string()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or("none"));
    }
    assert_eq!(json!(names), json!(["admin", "ape", "developer", "newt", "user", "zebra"]));

    let mut wanted = Vec::new();
    for day in 1..=5 {
        world.set_clock(&format!("2027-03-0{day} 12:00Z")).await;
        let body = json!({"email": format!("newt{day}@test.example"), "role": "newt"});
        wanted.insert(0, Answer::to(world.post("/admin/create", &admin.key, &body)).await.success()["id"].clone());
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for size in [2, 2, 1] {
        let path = format!("/admin/roles/newt/users?limit=2{cursor}");
        let page = Answer::to(world.get(&path, &admin.key)).await.success();
        let data = page["data"].as_array().expect("data");
        assert_eq!(data.len(), size);
        ids.extend(data.iter().map(|holder| holder["id"].clone()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or("none"));
    }
    assert_eq!((ids, cursor.as_str()), (wanted, "&cursor=none"));
    for path in ["/admin/roles?cursor=X", "/admin/roles/newt/users?cursor=newt", "/admin/roles/newt/users?cursor=1_2"] {
        assert_eq!(Answer::to(world.get(path, &admin.key)).await.refused(400, "invalid_request")["param"], "cursor");
    }
}
