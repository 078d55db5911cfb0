//! Accounts as administrators see and change them.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};
use uuid::Uuid;

/// An account of this e-mail, made at noon of a day of March 2027.
async fn made(world: &World, day: u8, email: &str, set: &str) -> Account {
    let account = world.account(0).await;
    let made_at = format!("created_at = '2027-03-{day:02} 12:00Z', email = '{email}'");
    world.change_account(&account, &format!("{made_at}{}{set}", if set.is_empty() { "" } else { ", " })).await;
    account
}

async fn patch(world: &World, key: &str, account: Uuid, body: &Value) -> Answer {
    let request = world.http.patch(format!("{}/admin/users/{account}", world.base_url)).bearer_auth(key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn show(world: &World, key: &str, account: Uuid) -> Value {
    Answer::to(world.get(&format!("/admin/users/{account}"), key)).await.success()
}

fn emails(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().expect("data");
    data.iter().map(|user| user["email"].as_str().unwrap_or("-")).collect()
}

/// An administrator, made first, and five accounts of five days.
async fn five(world: &World) -> Account {
    let admin = world.administrator().await;
    world.change_account(&admin, "created_at = '2027-01-01Z', email = 'root@test.example'").await;
    made(world, 1, "ann@one.example", "").await;
    made(world, 2, "anna@two.example", "role = 'developer', plan = 'dev'").await;
    made(world, 3, "bob@one.example", "disabled_at = gateway.now()").await;
    let left = "disabled_at = gateway.now(), deleted_at = gateway.now()";
    let gone = made(world, 4, "gone@one.example", left).await;
    world.change_account(&gone, "email = null").await;
    made(world, 5, "a_n@one.example", "plan = 'dev', plan_ends_at = '2027-03-06Z'").await;
    admin
}

#[tokio::test]
async fn accounts_are_found_by_email_role_plan_status_and_date_newest_first() {
    let world = World::start().await;
    let admin = five(&world).await;
    let (ann, anna, bob, gone, other) =
        ("ann@one.example", "anna@two.example", "bob@one.example", "-", "a_n@one.example");
    let root = "root@test.example";
    for (query, wanted) in [
        ("", vec![other, gone, bob, anna, ann, root]),
        ("email=ann@one.example", vec![ann]),
        ("email=ANN@One.Example", vec![ann]),
        ("email=ann", vec![]),
        ("email=ann*", vec![anna, ann]),
        ("email=Ann*", vec![anna, ann]),
        ("email=a_n*", vec![other]),
        ("email=%25*", vec![]),
        ("email=*", vec![other, bob, anna, ann, root]),
        ("email=", vec![]),
        ("role=developer", vec![anna]),
        ("role=admin", vec![root]),
        ("role=nonsense", vec![]),
        ("plan=dev", vec![other, anna]),
        ("status=active", vec![other, anna, ann, root]),
        ("status=disabled", vec![bob]),
        ("status=deleted", vec![gone]),
        ("from=2027-03-02T12:00:00Z&to=2027-03-04T12:00:00Z", vec![bob, anna]),
        ("from=2027-03-05T12:00:00.000001Z", vec![]),
        ("to=2027-03-01T12:00:00Z", vec![root]),
        ("plan=dev&status=active&email=ann*&role=developer", vec![anna]),
    ] {
        let page = Answer::to(world.get(&format!("/admin/users?{query}"), &admin.key)).await.success();
        assert_eq!((emails(&page), &page["has_more"]), (wanted, &json!(false)), "{query}");
    }
    for (query, code) in [
        ("status=gone", "invalid_request"),
        ("cursor=x", "invalid_request"),
        ("cursor=1_2", "invalid_request"),
        ("limit=0", "invalid_request"),
        ("name=x", "unknown_field"),
    ] {
        Answer::to(world.get(&format!("/admin/users?{query}"), &admin.key)).await.refused(400, code);
    }
}

#[tokio::test]
async fn the_pages_are_every_account_once_while_new_ones_are_made() {
    let world = World::start().await;
    let admin = five(&world).await;
    // The same moment for several: the id decides.
    let same: Vec<Account> = futures_util::future::join_all((0..4).map(|_| world.account(0))).await;
    for account in &same {
        world.change_account(account, "created_at = '2027-03-03 12:00:00.123456Z'").await;
    }
    let all = "select jsonb_agg(id order by created_at desc, id desc) from gateway.accounts";
    let all = world.value(all).await;
    for limit in 1..=11 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/admin/users?to=2027-04-01T00:00:00Z&limit={limit}{cursor}");
            let page = Answer::to(world.get(&path, &admin.key)).await.success();
            seen.extend(page["data"].as_array().expect("data").iter().map(|user| user["id"].clone()));
            assert!(seen.len() <= 10, "the pages never end");
            // Newer than any that was there, within what is asked for.
            let new = world.account(0).await;
            world
                .change_account(&new, &format!("created_at = '2027-03-30Z', role = 'developer', username = '{limit}'"))
                .await;
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        world.sql("delete from gateway.api_keys k using gateway.accounts a where a.id = k.account_id and username is not null").await;
        world.sql("delete from gateway.accounts where username is not null").await;
        assert_eq!(json!(seen), all, "{limit} a page");
    }
}

#[tokio::test]
async fn an_account_is_shown_with_what_it_is_and_has_and_uses() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let account = world.account(2_000_000_000).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world
        .change_account(
            &account,
            "username = 'Ann', rate_limits = '{\"burst\": 9}', plan_ends_at = '2100-01-01Z',
             trial_ends_at = '2026-01-01Z', trial_requests_left = 3, created_at = '2026-11-01Z'",
        )
        .await;
    // Keys that cannot be used do not count.
    for column in ["revoked_at", "expires_at"] {
        world
            .sql(&format!(
                "insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, {column})
                   values ('{}', '{column}', 'p', 'f', 'n', 'live', gateway.now())",
                account.id
            ))
            .await;
    }
    let stored = format!("select to_jsonb(a) from gateway.accounts a where id = '{}'", account.id);
    let stored = world.value(&stored).await;
    let last_used = format!("select last_used_at from gateway.api_keys where id = '{}'", account.key_id);
    let balance = Answer::to(world.get("/user/balance", &account.key)).await.success()["credits"].clone();
    let wanted = json!({
        "object": "account", "id": account.id, "email": format!("{}@test.example", account.id), "username": "Ann",
        "role": "user", "status": "active", "disabled_at": null, "deleted_at": null,
        "plan": "customize", "plan_ends_at": "2100-01-01T00:00:00+00:00", "plan_in_force": "customize",
        "balance": balance, "held": 0, "debt": 0,
        "trial": {"active": false, "ends_at": "2026-01-01T00:00:00+00:00", "requests_left": 3},
        "rate_limits": {
            "requests_per_minute": null, "burst": 9, "requests_per_hour": null, "requests_per_day": null,
            "requests_per_month": null, "tokens_per_minute": null, "tokens_per_day": null, "tokens_per_month": null,
            "concurrency": null,
        },
        "month": {"requests": 1, "tokens": stored["month_tokens"]},
        "keys": 1, "last_used_at": world.value(&last_used).await, "created_at": "2026-11-01T00:00:00+00:00",
    });
    assert!(stored["month_tokens"].as_i64() > Some(0));
    assert_eq!(show(&world, &admin.key, account.id).await, wanted);
    let page = Answer::to(world.get(&format!("/admin/users?email={}*", account.id), &admin.key)).await.success();
    assert_eq!(page["data"], json!([wanted]));
    // Next month nothing has been used yet.
    world.set_clock("2090-03-01 12:00Z").await;
    assert_eq!(show(&world, &admin.key, account.id).await["month"], json!({"requests": 0, "tokens": 0}));
    let nobody = format!("/admin/users/{}", Uuid::new_v4());
    Answer::to(world.get(&nobody, &admin.key)).await.refused(404, "account_not_found");
    Answer::to(world.get("/admin/users/7", &admin.key)).await.refused(404, "account_not_found");
}

#[tokio::test]
async fn a_disabled_account_is_refused_by_another_instances_next_request_until_it_is_enabled() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    let other = world.another_gateway().await;
    let outcomes = async || {
        let balance = world.http.get(format!("{other}/user/balance")).bearer_auth(&account.key);
        let call = world.http.post(format!("{other}/v1/chat/completions")).bearer_auth(&account.key);
        let call = call.header("content-type", "application/json").body(hello(&json!({})).to_string());
        (Answer::to(balance).await.outcome(), Answer::to(call).await.outcome())
    };
    let refused = || (403, "account_disabled".to_owned());
    let served = || (200, String::new());
    assert_eq!(outcomes().await, (served(), served()));
    for _ in 0..2 {
        let disabled = patch(&world, &admin.key, account.id, &json!({"disabled": true})).await.success();
        assert_eq!((&disabled["status"], disabled["disabled_at"].is_string()), (&json!("disabled"), true));
        assert_eq!(outcomes().await, (refused(), refused()));
    }
    let enabled = patch(&world, &admin.key, account.id, &json!({"disabled": false})).await.success();
    assert_eq!((&enabled["status"], &enabled["disabled_at"]), (&json!("active"), &Value::Null));
    assert_eq!(outcomes().await, (served(), served()));
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_deleted_account_stays_as_it_was_left() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    world.change_account(&account, "disabled_at = gateway.now(), deleted_at = gateway.now(), email = null").await;
    let before = world.evidence(account.id).await;
    for body in [json!({"disabled": false}), json!({"username": "Back"}), json!({})] {
        patch(&world, &admin.key, account.id, &body).await.refused(409, "account_deleted");
    }
    for (path, member, value) in
        [("/admin/limit", "limits", json!({"burst": 1})), ("/admin/assign-plan", "plan", json!("team"))]
    {
        let body = json!({"account_id": account.id, member: value});
        Answer::to(world.post(path, &admin.key, &body)).await.refused(409, "account_deleted");
    }
    assert_eq!(world.evidence(account.id).await, before);
    assert_eq!(show(&world, &admin.key, account.id).await["status"], "deleted");
}

#[tokio::test]
async fn a_name_is_changed_taken_away_or_left() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let longest = "ü".repeat(100);
    for (body, wanted) in [
        (json!({"username": "Ann"}), json!("Ann")),
        (json!({}), json!("Ann")),
        (json!({"disabled": false}), json!("Ann")),
        (json!({"username": null}), Value::Null),
        (json!({"username": longest}), json!(longest)),
    ] {
        let changed = patch(&world, &admin.key, account.id, &body).await.success();
        assert_eq!(changed["username"], wanted, "{body}");
        assert_eq!(changed, show(&world, &admin.key, account.id).await);
    }
    for body in [json!({"username": ""}), json!({"username": "x".repeat(101)})] {
        let told = patch(&world, &admin.key, account.id, &body).await.refused(400, "invalid_request");
        assert_eq!(told["param"], "username");
    }
    for body in [json!({"username": 1}), json!({"disabled": "yes"}), json!([]), json!({"username": "a\u{0}"})] {
        patch(&world, &admin.key, account.id, &body).await.refused(400, "invalid_request");
    }
    patch(&world, &admin.key, account.id, &json!({"email": "x@y.example"})).await.refused(400, "unknown_field");
    patch(&world, &admin.key, Uuid::new_v4(), &json!({"username": "x"})).await.refused(404, "account_not_found");
}
