//! Known keys that are refused are on the trail, and do not fill it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

const NOON: &str = "2090-03-01 12:00Z";

/// How a key comes to be refused, and with which code.
const REASONS: [(&str, &str, u16, &str); 6] = [
    ("key", "revoked_at = gateway.now()", 401, "api_key_revoked"),
    ("key", "expires_at = gateway.now()", 401, "api_key_expired"),
    ("account", "disabled_at = gateway.now()", 403, "account_disabled"),
    ("key", "ip_allowlist = '{192.0.2.1}'", 403, "ip_not_allowed"),
    ("key", "domain_allowlist = '{a.example}'", 403, "domain_not_allowed"),
    ("key", "scopes = '{chat:read}'", 403, "insufficient_scope"),
];

async fn refused_account(world: &World, (table, set): (&str, &str)) -> Account {
    let account = world.account(0).await;
    match table {
        "key" => world.change_key(&account, set).await,
        _ => world.change_account(&account, set).await,
    }
    account
}

async fn ask(world: &World, account: &Account, i: usize) -> Answer {
    let request = world.get("/user/balance", &account.key).header("user-agent", format!("agent/{i}"));
    Answer::to(request.header("x-request-id", format!("request-{i}"))).await
}

async fn trail(world: &World, account: &Account) -> Vec<Value> {
    let sql = format!(
        "select coalesce(jsonb_agg(l order by id), '[]') from gateway.audit_logs l where target_account_id = '{}'",
        account.id
    );
    world.value(&sql).await.as_array().expect("rows").clone()
}

#[tokio::test]
async fn each_reason_leaves_one_entry_with_who_from_where_and_why() {
    let world = World::start().await;
    world.set_clock(NOON).await;
    for (table, set, status, code) in REASONS {
        let account = refused_account(&world, (table, set)).await;
        for i in 0..3 {
            ask(&world, &account, i).await.refused(status, code);
        }
        let [row] = &trail(&world, &account).await[..] else { panic!("{code}: not one entry") };
        assert_eq!((&row["action"], &row["details"]), (&json!("key.refused"), &json!({"reason": code})));
        assert_eq!((&row["actor_account_id"], &row["actor_key_id"]), (&json!(account.id), &json!(account.key_id)));
        assert_eq!(row["target_id"], json!(account.key_id));
        assert_eq!((&row["ip"], &row["user_agent"]), (&json!("127.0.0.1"), &json!("agent/0")));
        assert_eq!(row["request_id"], json!("request-0"));
        assert_eq!(row["created_at"], json!("2090-03-01T12:00:00+00:00"));
    }
}

#[tokio::test]
async fn a_hundred_repetitions_within_the_hour_leave_one_entry_and_the_next_hour_one_more() {
    let world = World::start().await;
    world.set_clock(NOON).await;
    let account = refused_account(&world, ("key", "revoked_at = gateway.now()")).await;
    for i in 0..100 {
        ask(&world, &account, i).await.refused(401, "api_key_revoked");
    }
    assert_eq!(trail(&world, &account).await.len(), 1);
    for (at, entries) in [
        ("2090-03-01 12:59:59.999999Z", 1),
        ("2090-03-01 13:00Z", 2),
        ("2090-03-01 13:59Z", 2),
        ("2090-03-01 14:00Z", 3),
    ] {
        world.set_clock(at).await;
        for i in 0..3 {
            ask(&world, &account, i).await.refused(401, "api_key_revoked");
        }
        assert_eq!(trail(&world, &account).await.len(), entries, "{at}");
    }
}

#[tokio::test]
async fn another_reason_is_another_entry() {
    let world = World::start().await;
    world.set_clock(NOON).await;
    let account = refused_account(&world, ("key", "scopes = '{chat:read}'")).await;
    ask(&world, &account, 0).await.refused(403, "insufficient_scope");
    world.set_clock("2090-03-01 12:01Z").await;
    world.change_key(&account, "revoked_at = gateway.now()").await;
    ask(&world, &account, 1).await.refused(401, "api_key_revoked");
    let reasons: Vec<Value> =
        trail(&world, &account).await.iter().map(|row| row["details"]["reason"].clone()).collect();
    assert_eq!(reasons, ["insufficient_scope", "api_key_revoked"]);
}

#[tokio::test]
async fn a_key_that_alternates_between_reasons_leaves_one_entry_a_minute() {
    let world = World::start().await;
    let account = refused_account(&world, ("key", "scopes = '{inference}', allowed_models = '{other/*}'")).await;
    for (at, entries) in [
        ("2090-03-01 12:00Z", 1),
        ("2090-03-01 12:00:59.999999Z", 1),
        ("2090-03-01 12:01Z", 2),
        ("2090-03-01 12:01:30Z", 2),
        ("2090-03-01 12:02Z", 3),
        // The same reason again is worth nothing for an hour.
        ("2090-03-01 12:02:30Z", 3),
    ] {
        world.set_clock(at).await;
        for i in 0..5 {
            ask(&world, &account, i).await.refused(403, "insufficient_scope");
            // By the other way in, which refuses with a value.
            Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(403, "model_not_allowed");
        }
        assert_eq!(trail(&world, &account).await.len(), entries, "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_refusals_at_once_leave_one_entry() {
    let Some(world) = World::concurrent("refusals at the same time").await else { return };
    let account = refused_account(&world, ("key", "revoked_at = gateway.now()")).await;
    let answers = futures_util::future::join_all((0..20).map(|i| ask(&world, &account, i))).await;
    for answer in answers {
        answer.refused(401, "api_key_revoked");
    }
    assert_eq!(trail(&world, &account).await.len(), 1);
}

#[tokio::test]
async fn what_is_no_known_key_or_no_key_at_all_leaves_nothing() {
    let world = World::start().await;
    let account = world.account(0).await;
    for key in [format!("gw_live_{}", "x".repeat(43)), "nonsense".to_owned(), String::new()] {
        assert_eq!(Answer::to(world.get("/user/balance", &key)).await.status, 401);
    }
    Answer::to(world.http.get(format!("{}/user/balance", world.base_url))).await.refused(401, "missing_api_key");
    // Nor does a good key whose request is refused for another reason.
    Answer::to(world.get("/user/credit-transactions?limit=0", &account.key)).await.refused(400, "invalid_request");
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
}
