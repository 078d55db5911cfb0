//! What a few statements settle of a usual call is what the settle of any call would have done.

use serde_json::{Value, json};
use tests::facts::facts;
use tests::rows;
use tests::world::{Account, MODEL, World};
use uuid::Uuid;

/// What makes a settle an unusual one, or nearly does: changes after the call has begun, of the account ($A) and the key ($K), and
/// members of the settlement.
const CASES: &[(&str, &str)] = &[
    ("", "{}"),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "cached": 4, "reasoning": 7}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "reasoning": 21}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "written": 6}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "cached": 8, "written": 6}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "cached": 11}}"#),
    ("", r#"{"usage": {"prompt": 50, "completion": 100}}"#),
    ("", r#"{"usage": {"prompt": 51, "completion": 100}}"#),
    ("", r#"{"usage": {"prompt": 1000000, "completion": 20}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 1000000}}"#),
    ("", r#"{"usage": {"prompt": 0, "completion": 0}}"#),
    ("", r#"{"usage": {"prompt": 10, "completion": 20, "searches": 1}}"#),
    ("", r#"{"usage": null}"#),
    ("", r#"{"estimated": true}"#),
    ("", r#"{"charge_hold": true}"#),
    ("", r#"{"outcome": "client_left"}"#),
    ("", r#"{"outcome": "failed"}"#),
    ("", r#"{"outcome": "refused"}"#),
    ("", r#"{"provider": null}"#),
    (
        "",
        r#"{"app": "An \"app\" (\\), mine", "answer_id": "", "finish_reason": "stop", "stream": true, "first_byte_ms": 3}"#,
    ),
    ("", r#"{"end_user": "somebody"}"#),
    ("", r#"{"tags": ["one"], "metadata": {"a": 1}}"#),
    ("", r#"{"attempts": [{"provider": "openrouter"}]}"#),
    ("", r#"{"replayed_call": "0190b1c0-0000-7000-8000-000000000000"}"#),
    ("", r#"{"hold": {"price": {"prompt": 1000000000, "completion": 2000000000, "request": 7}}}"#),
    ("", r#"{"hold": {"price": {"prompt": 1000000000, "completion": 2000000000, "request": 0, "search": 5}}}"#),
    (
        "",
        r#"{"usage": {"prompt": 10, "completion": 20, "written": 5},
            "hold": {"price": {"prompt": 1000000000, "written": 3, "completion": 2000000000, "request": 0}}}"#,
    ),
    ("", r#"{"hold": {"price": {"prompt": 1, "completion": 2, "reasoning": 3, "request": 0}}}"#),
    ("", r#"{"hold": {"price": {"prompt": 1, "completion": 2, "request": 0, "tiers": [{"above": 5, "prompt": 9}]}}}"#),
    ("", r#"{"hold": {"price": {"prompt": 0, "completion": 0, "request": 0}}}"#),
    ("", r#"{"hold": {"price": {"prompt": 1, "request": 0}}}"#),
    ("", r#"{"hold": {"price": null}}"#),
    ("", r#"{"hold": {"held": 249999}}"#),
    ("", r#"{"hold": {"markup": 0}}"#),
    ("", r#"{"hold": {"markup": 12345}}"#),
    ("update gateway.accounts set alert_at = balance where id = '$A'", "{}"),
    ("update gateway.accounts set alert_at = balance - 50000 where id = '$A'", "{}"),
    ("update gateway.accounts set alert_at = null where id = '$A'", "{}"),
    ("update gateway.accounts set balance = -5, debt = 5 where id = '$A'", "{}"),
    ("update gateway.accounts set balance = -5, debt = 5, alert_at = null where id = '$A'", "{}"),
    ("update gateway.accounts set topup_below = 2000000000 where id = '$A'", "{}"),
    (
        "update gateway.accounts set topup_below = 2000000000, topup_after = now() + interval '1 day' where id = '$A'",
        "{}",
    ),
    ("update gateway.accounts set has_end_users = true where id = '$A'", "{}"),
    ("update gateway.accounts set has_end_users = true where id = '$A'", r#"{"end_user": "somebody"}"#),
    (
        "update gateway.accounts set disabled_at = now(), deleted_at = now() where id = '$A'",
        r#"{"end_user": "somebody"}"#,
    ),
    ("update gateway.credit_grants set remaining = 49999 where account_id = '$A'", "{}"),
    ("update gateway.credit_grants set remaining = 50000 where account_id = '$A'", "{}"),
    ("update gateway.credit_grants set remaining = 50001 where account_id = '$A'", "{}"),
    ("update gateway.credit_grants set expires_at = now() - interval '1 day' where account_id = '$A'", "{}"),
    (
        "insert into gateway.credit_grants (account_id, source, amount, remaining, expires_at, created_at)
           values ('$A', 'coupon', 30000, 30000, now() + interval '1 day', now())",
        "{}",
    ),
    (
        "update gateway.holds set state = 'swept' where account_id = '$A'; update gateway.accounts set held = 0 where id = '$A'",
        "{}",
    ),
    ("update gateway.holds set state = 'swept' where account_id = '$A'", "{}"),
    (
        "delete from gateway.holds where account_id = '$A';
         update gateway.accounts set held = 0, month_requests = month_requests - 1 where id = '$A'",
        "{}",
    ),
    ("update gateway.api_keys set spend_limit = 50000 where id = '$K'", "{}"),
    ("update gateway.api_keys set spend_period = 'day', spent = 7 where id = '$K'", "{}"),
    (
        "update gateway.api_keys set spend_period = 'day', spent = 7, spend_period_start = '2020-01-01' where id = '$K'",
        "{}",
    ),
];

/// Begins a call, changes its account, settles it twice, and tells what is answered and what it leaves, without ids and times.
async fn settled(world: &World, as_row: bool, (change, members): (&str, &str)) -> Value {
    let account = world.account(1_000_000_000).await;
    let (id, key) = (account.id.to_string(), account.key_id.to_string());
    let settlement = settlement(world, &account, members).await;
    if !change.is_empty() {
        world.sql(&change.replace("$A", &id).replace("$K", &key)).await;
    }
    let given = if as_row { rows::settled(&settlement) } else { settlement };
    let settle = format!("select public.finish_request('{given}')::jsonb");
    let answers = [world.value(&settle).await, world.value(&settle).await];
    let left = world
        .value(&format!(
            "select jsonb_build_object(
               'account', (select to_jsonb(a) - '{{id,email,created_at,next_overdue,deleted_at,disabled_at,topup_after}}'::text[]
                           from gateway.accounts a where id = '{id}'),
               'key', (select jsonb_build_array(requests_used, spent, spent_ever, spend_period_start::date, last_used_at is null)
                       from gateway.api_keys where id = '{key}'),
               'grants', (select jsonb_agg(jsonb_build_array(amount, remaining, live) order by id)
                          from gateway.credit_grants where account_id = '{id}'),
               'ledger', (select jsonb_agg(jsonb_build_array(type, amount, balance_after, description, grant_id is null) order by id)
                          from gateway.credit_transactions where account_id = '{id}'),
               'holds', (select jsonb_agg(jsonb_build_array(state, amount)) from gateway.holds where account_id = '{id}'),
               'requests', (select jsonb_agg(to_jsonb(r) - '{{call_id,created_at,finished_at}}'::text[])
                            from gateway.requests r where account_id = '{id}'),
               'told', (select jsonb_agg(kind order by id) from gateway.notifications where account_id = '{id}'))"
        ))
        .await;
    let told = json!([answers, left]).to_string().replace(&id, "$A").replace(&key, "$K");
    serde_json::from_str(&told).expect("JSON")
}

/// Begins a call. Answers its settlement with these members.
async fn settlement(world: &World, account: &Account, members: &str) -> Value {
    let begin = json!({
        "caller": {"key_hashes": [world.hash(&account.key)], "request_id": "r"},
        "call": {"call_id": Uuid::now_v7(), "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"],
                 "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
                 "hold_seconds": 60, "markup": 10_000}});
    let begun = world.value(&format!("select public.begin_request('{begin}')::jsonb")).await;
    let mut settlement = json!({"call_id": begin["call"]["call_id"], "outcome": "completed", "provider": "openrouter",
        "usage": {"prompt": 10, "completion": 20}, "request_id": "r", "duration_ms": 5, "hold": facts(&begun, "openrouter")});
    let members: Value = serde_json::from_str(members).expect("members");
    for (name, value) in members.as_object().expect("members") {
        if name != "hold" {
            settlement[name] = value.clone();
            continue;
        }
        for (name, fact) in value.as_object().expect("facts") {
            settlement["hold"][name] = fact.clone();
        }
    }
    settlement
}

#[tokio::test]
async fn a_usual_call_is_settled_as_any_call_is() {
    let world = World::start().await;
    // Counts the settles that are no usual ones.
    world
        .sql(
            "create sequence gateway.test_settles;
             alter function gateway.finish_any_request rename to finish_every_request;
             create function gateway.finish_any_request(settlement jsonb) returns json language plpgsql as $$
             begin
               perform nextval('gateway.test_settles');
               return gateway.finish_every_request(settlement);
             end $$",
        )
        .await;
    let unusual = async || world.value("select nextval('gateway.test_settles')").await.as_i64().expect("a number");
    let mut usual = 0;
    for case in CASES {
        let before = unusual().await;
        let by_row = settled(&world, true, *case).await;
        // The second settle finds nothing that is usual.
        usual += i32::from(unusual().await - before == 2);
        let by_every_check = settled(&world, false, *case).await;
        assert_eq!(by_row, by_every_check, "{case:?}");
    }
    assert!(usual >= 15 && usual + 25 <= i32::try_from(CASES.len()).expect("few"), "{usual} of {}", CASES.len());
}
