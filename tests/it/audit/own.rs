//! The trail as the account sees it that it is about.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};
use uuid::Uuid;

use super::{all_pages, entries};

const PATH: &str = "/user/api-keys/audit-logs";

/// An entry about `account`, by `actor`, from this address.
async fn write(world: &World, action: &str, actor: Option<&Account>, account: &Account, target: &str) {
    let caller = json!({"ip": "192.0.2.9", "user_agent": "agent", "request_id": "request"});
    let text = |id: Option<Uuid>| id.map_or("null".to_owned(), |id| format!("'{id}'"));
    let (by, with) = (text(actor.map(|actor| actor.id)), text(actor.map(|actor| actor.key_id)));
    let sql = format!(
        "select gateway.audit('{caller}', {by}, {with}, '{action}', '{}', '{target}', '{{\"after\": 1}}')",
        account.id
    );
    world.sql(&sql).await;
}

async fn list(world: &World, account: &Account, query: &str) -> Vec<Value> {
    entries(&Answer::to(world.get(&format!("{PATH}{query}"), &account.key)).await.success())
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().expect("an action")).collect()
}

#[tokio::test]
async fn an_account_sees_what_happened_to_its_keys_and_sign_ins_and_nothing_else() {
    let world = World::start().await;
    let (account, other) = (world.account(0).await, world.account(0).await);
    let all = ["sign_in", "sign_in.failed", "key.create", "key.refused", "provider_key.set"];
    for action in all {
        write(&world, action, Some(&account), &account, "x").await;
    }
    for action in ["role.assign", "user.update", "account.create", "sign_invitation", "keyring.open"] {
        write(&world, action, Some(&account), &account, "x").await;
    }
    // Somebody else's, though this account acted.
    write(&world, "key.create", Some(&account), &other, "x").await;
    let mut newest_first = all;
    newest_first.reverse();
    let seen = list(&world, &account, "").await;
    assert_eq!(actions(&seen), newest_first);
    assert_eq!(actions(&list(&world, &other, "").await), ["key.create"]);
    for entry in &seen {
        let wanted = json!({
            "object": "audit_log", "id": entry["id"], "action": entry["action"], "actor": "account",
            "actor_key_id": account.key_id, "target_id": "x", "ip": "192.0.2.9", "user_agent": "agent",
            "request_id": "request", "details": {"after": 1}, "created_at": entry["created_at"],
        });
        assert_eq!(entry, &wanted);
    }
    for limit in 1..=6 {
        let paged = all_pages(&world, PATH, &account.key, limit, async || {}).await;
        assert_eq!(paged, seen, "{limit} a page");
    }
    for query in ["?account_id=x", "?actor_account_id=x", "?ip=192.0.2.9"] {
        Answer::to(world.get(&format!("{PATH}{query}"), &account.key)).await.refused(400, "unknown_field");
    }
}

#[tokio::test]
async fn of_an_administrator_it_sees_that_one_acted_and_not_who_or_from_where() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    write(&world, "key.revoke", Some(&admin), &account, "x").await;
    write(&world, "sign_in.failed", None, &account, "x").await;
    let seen = list(&world, &account, "").await;
    let hidden = &seen[1];
    assert_eq!((&hidden["action"], &hidden["actor"]), (&json!("key.revoke"), &json!("administrator")));
    for member in ["actor_key_id", "ip", "user_agent", "request_id"] {
        assert_eq!(hidden[member], Value::Null, "{member}");
    }
    for secret in [admin.id.to_string(), admin.key_id.to_string()] {
        assert!(!json!(seen).to_string().contains(&secret));
    }
    // Where a failed sign-in came from is for the account to know; nobody has said who that was.
    assert_eq!((&seen[0]["actor"], &seen[0]["ip"]), (&json!("visitor"), &json!("192.0.2.9")));
    // Nor can an administrator be found out by their key.
    assert_eq!(list(&world, &account, &format!("?key_id={}", admin.key_id)).await.len(), 0);
    // They see themselves in their own.
    write(&world, "key.revoke", Some(&admin), &admin, "x").await;
    assert_eq!(list(&world, &admin, "").await[0]["actor_key_id"], json!(admin.key_id));
}

#[tokio::test]
async fn its_entries_are_found_by_action_key_and_date() {
    let world = World::start().await;
    let account = world.account(0).await;
    let key = Uuid::new_v4().to_string();
    for (day, action, target) in
        [(1, "sign_in", "x"), (2, "key.create", &*key), (3, "key.revoke", &*key), (4, "key.create", "other")]
    {
        world.set_clock(&format!("2027-03-0{day} 12:00Z")).await;
        write(&world, action, Some(&account), &account, target).await;
    }
    for (query, wanted) in [
        ("?action=key.create".to_owned(), vec!["key.create", "key.create"]),
        ("?action=key.".to_owned(), vec!["key.create", "key.revoke", "key.create"]),
        ("?action=role.".to_owned(), vec![]),
        (format!("?key_id={key}"), vec!["key.revoke", "key.create"]),
        (format!("?key_id={}", account.key_id), vec!["key.create", "key.revoke", "key.create", "sign_in"]),
        ("?from=2027-03-02T12:00:00Z&to=2027-03-04T12:00:00Z".to_owned(), vec!["key.revoke", "key.create"]),
        (format!("?key_id={key}&action=key.create&from=2027-03-03T00:00:00Z"), vec![]),
    ] {
        assert_eq!(actions(&list(&world, &account, &query).await), wanted, "{query}");
    }
    for query in ["?cursor=x", "?limit=101", "?from=yesterday"] {
        Answer::to(world.get(&format!("{PATH}{query}"), &account.key)).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn its_refused_keys_are_there() {
    let world = World::start().await;
    let account = world.account(0).await;
    Answer::to(world.get("/admin/users", &account.key)).await.refused(403, "insufficient_scope");
    let seen = list(&world, &account, "?action=key.refused").await;
    assert_eq!((seen.len(), &seen[0]["details"]), (1, &json!({"reason": "insufficient_scope"})));
    assert_eq!((&seen[0]["actor"], &seen[0]["target_id"]), (&json!("account"), &json!(account.key_id)));
}

#[tokio::test]
async fn the_limits_of_its_keys_are_among_them_and_its_own_are_not() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let limits = json!({"account_id": account.id, "limits": {"requests_per_minute": 9}});
    Answer::to(world.post("/admin/limit", &admin.key, &limits)).await.success();
    assert!(list(&world, &account, "").await.is_empty());
    let path = format!("{}/user/rate-limits/{}", world.base_url, account.key_id);
    let request = world.http.put(path).bearer_auth(&account.key).json(&json!({"requests_per_minute": 3}));
    Answer::to(request).await.success();
    for query in ["", "?action=limits.change", &format!("?key_id={}", account.key_id)] {
        assert_eq!(actions(&list(&world, &account, query).await), ["limits.change"], "{query}");
    }
}
