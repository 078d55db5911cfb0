//! What is told of a usual call by one statement is what all the checks of any call would have told.

use serde_json::{Value, json};
use tests::rows;
use tests::world::{Account, MODEL, World};
use uuid::Uuid;

/// What makes a call an unusual one, or nearly does: changes of the account ($A) and the key ($K), and members of the call.
const CASES: &[(&str, &str)] = &[
    ("", "{}"),
    ("", r#"{"output_limit": null}"#),
    ("update gateway.accounts set balance = 900000 where id = '$A'", r#"{"output_limit": null}"#),
    ("", r#"{"choices": 3, "images": 2, "tools": true}"#),
    ("", r#"{"choices": 2, "output_limit": null, "tools": null}"#),
    ("", r#"{"output_limit": 100000000}"#),
    ("", r#"{"model": "no/such"}"#),
    ("", r#"{"kind": "embedding"}"#),
    ("", r#"{"kind": "chat", "modalities": ["image"]}"#),
    ("", r#"{"providers": []}"#),
    ("", r#"{"providers": [], "output_limit": null}"#),
    ("", r#"{"units": {"searches": 2}}"#),
    ("", r#"{"prompt_bound": 1000000000, "output_limit": null}"#),
    ("update gateway.accounts set balance = 10000000 where id = '$A'", r#"{"output_limit": null, "choices": 2}"#),
    ("update gateway.accounts set balance = 20000000 where id = '$A'", r#"{"output_limit": null}"#),
    ("", r#"{"wishes": {"quantizations": ["fp8"]}}"#),
    ("", r#"{"wishes": {"max_price": {"prompt": 1000000000000}}}"#),
    ("", r#"{"hedged": true}"#),
    ("", r#"{"markup": 0}"#),
    ("", r#"{"markup": 12345, "prompt_bound": 777}"#),
    ("", r#"{"session_id": "0190b1c0-0000-7000-8000-000000000000"}"#),
    ("", r#"{"stored_response": {"wished": true, "previous": null, "counted": false}}"#),
    (
        "",
        r#"{"stored_response": {"wished": false, "previous": "0190b1c0-0000-7000-8000-000000000000", "counted": false}}"#,
    ),
    ("update gateway.api_keys set revoked_at = now() where id = '$K'", "{}"),
    ("update gateway.api_keys set disabled_at = now() where id = '$K'", "{}"),
    ("update gateway.api_keys set expires_at = now() where id = '$K'", "{}"),
    ("update gateway.api_keys set expires_at = now() + interval '1 hour' where id = '$K'", "{}"),
    ("update gateway.api_keys set max_requests = 1 where id = '$K'", "{}"),
    ("update gateway.api_keys set max_requests = 1, requests_used = 1 where id = '$K'", "{}"),
    ("update gateway.api_keys set spend_limit = 1 where id = '$K'", "{}"),
    ("update gateway.api_keys set spend_limit = 1000000000 where id = '$K'", r#"{"output_limit": null}"#),
    ("update gateway.api_keys set spend_limit = 1, spent = 1 where id = '$K'", r#"{"markup": 0}"#),
    ("update gateway.api_keys set ip_allowlist = '{192.0.2.7}' where id = '$K'", "{}"),
    ("update gateway.api_keys set ip_allowlist = '{192.0.2.0/24}' where id = '$K'", "{}"),
    ("update gateway.api_keys set domain_allowlist = '{example.com}' where id = '$K'", "{}"),
    ("update gateway.api_keys set allowed_models = '{other/*}' where id = '$K'", "{}"),
    ("update gateway.api_keys set scopes = '{usage:read}' where id = '$K'", "{}"),
    ("update gateway.api_keys set scopes = '{*}' where id = '$K'", "{}"),
    ("update gateway.api_keys set environment = 'test' where id = '$K'", "{}"),
    ("update gateway.api_keys set rate_limits = '{\"burst\": 1}' where id = '$K'", "{}"),
    ("update gateway.api_keys set key_hash = key_hash || 'other' where id = '$K'", "{}"),
    ("update gateway.accounts set rate_limits = '{\"burst\": 1}' where id = '$A'", "{}"),
    ("update gateway.accounts set rate_limits = '{\"requests_per_month\": 0}' where id = '$A'", "{}"),
    ("update gateway.accounts set disabled_at = now() where id = '$A'", "{}"),
    ("update gateway.accounts set month_requests = 1000000000 where id = '$A'", "{}"),
    ("update gateway.accounts set month_tokens = 100000000000 where id = '$A'", "{}"),
    ("update gateway.accounts set month = '2020-01-01', month_requests = 1000000000 where id = '$A'", "{}"),
    (
        "update gateway.accounts set has_purchased = false, plan = null, trial_ends_at = now() + interval '1 day',
      trial_requests_left = 1 where id = '$A'",
        "{}",
    ),
    (
        "update gateway.accounts set has_purchased = false, plan = null, trial_ends_at = now() + interval '1 day' where id = '$A'",
        "{}",
    ),
    ("update gateway.accounts set plan = 'team', plan_ends_at = now() + interval '1 day' where id = '$A'", "{}"),
    ("update gateway.accounts set plan = 'team', plan_ends_at = now() where id = '$A'", "{}"),
    ("update gateway.accounts set held = balance - 1 where id = '$A'", "{}"),
    ("update gateway.accounts set balance = 0 where id = '$A'", "{}"),
    ("update gateway.accounts set balance = -5, debt = 5 where id = '$A'", "{}"),
    ("update gateway.accounts set has_provider_keys = true where id = '$A'", "{}"),
    ("update gateway.accounts set next_overdue = now() where id = '$A'", "{}"),
    (
        "update gateway.credit_grants set expires_at = now() where account_id = '$A';
      update gateway.accounts set next_expiry = now() where id = '$A'",
        "{}",
    ),
];

/// Changes the account, begins a call with this function, and tells what it answers and what it leaves, without ids and times;
/// and whether the call is a usual one.
async fn begun(world: &World, function: &str, account: &Account, (change, members): (&str, &str)) -> (Value, bool) {
    let (id, key) = (account.id.to_string(), account.key_id.to_string());
    if !change.is_empty() {
        world.sql(&change.replace("$A", &id).replace("$K", &key)).await;
    }
    let caller =
        json!({"key_hashes": [world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "test", "request_id": "r"});
    let mut call = json!({"call_id": Uuid::now_v7(), "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"],
        "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
        "hold_seconds": 60, "markup": 10_000});
    let members: Value = serde_json::from_str(members).expect("members");
    for (name, value) in members.as_object().expect("members") {
        call[name] = value.clone();
    }
    let asked = rows::asked(&json!({ "caller": caller, "call": call }));
    let arguments = match function {
        "public.begin_request" => format!("'{asked}'"),
        _ => format!("'{caller}', '{call}'"),
    };
    let before = unusual(world).await;
    let answer = world.value(&format!("select {function}({arguments})::jsonb - 'placed_at'")).await;
    let is_usual = unusual(world).await == before + 1;
    let left = world
        .value(&format!(
            "select jsonb_build_object(
               'account', (select jsonb_build_array(held, month, month_requests, month_tokens, trial_requests_left, balance, debt,
                                                    next_overdue > now() + interval '50 s')
                           from gateway.accounts where id = '{id}'),
               'holds', (select jsonb_agg(jsonb_build_array(state, amount, expires_at - created_at, key_id))
                         from gateway.holds where account_id = '{id}'),
               'noted', (select jsonb_agg(details) from gateway.audit_logs where target_account_id = '{id}'))"
        ))
        .await;
    let told = json!([answer, left]).to_string().replace(&id, "$A").replace(&key, "$K");
    (serde_json::from_str(&told).expect("JSON"), is_usual)
}

/// How many begins have been no usual ones, and how often this was asked.
async fn unusual(world: &World) -> i64 {
    world.value("select nextval('gateway.test_begins')").await.as_i64().expect("a number")
}

#[tokio::test]
async fn a_usual_call_is_begun_as_any_call_is() {
    let world = World::start().await;
    world
        .sql(
            "create sequence gateway.test_begins;
             alter function gateway.begin_any_request rename to begin_every_request;
             create function gateway.begin_any_request(caller jsonb, call jsonb) returns jsonb language plpgsql as $$
             begin
               perform nextval('gateway.test_begins');
               return gateway.begin_every_request(caller, call);
             end $$",
        )
        .await;
    let (mut usual, mut begun_at_all) = (0, 0);
    for case in CASES {
        let (one, other) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
        let (by_one_statement, is_usual) = begun(&world, "public.begin_request", &one, *case).await;
        let (by_every_check, _) = begun(&world, "gateway.begin_any_request", &other, *case).await;
        assert_eq!(by_one_statement, by_every_check, "{case:?}");
        let is_begun = by_one_statement[0].get("refused").is_none();
        assert!(is_begun || !is_usual, "{case:?}");
        usual += usize::from(is_usual);
        begun_at_all += usize::from(is_begun);
    }
    assert!(usual >= 10 && begun_at_all >= usual + 5 && begun_at_all + 15 <= CASES.len(), "{usual}, {begun_at_all}");
}

#[tokio::test]
async fn every_built_in_role_may_call_so_that_no_usual_call_asks() {
    let world = World::start().await;
    let roles = "select jsonb_object_agg(name, gateway.may_call(name)) from gateway.roles where built_in";
    assert_eq!(world.value(roles).await, json!({"admin": true, "developer": true, "user": true}));
    world.sql("insert into gateway.roles (name, permissions) values ('reader', array['usage:read'])").await;
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "role = 'reader'").await;
    let refused = tests::answer::Answer::to(world.chat(&account.key, &tests::world::hello(&json!({})))).await;
    refused.refused(403, "insufficient_scope");
}
