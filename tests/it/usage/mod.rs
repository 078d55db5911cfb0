//! What an account sees of its usage: totals that are exact at any moment, and requests one by one.

mod cost;
mod detail;
mod heads;
mod labels;
mod log;
mod months;
mod names;
mod others;
mod platform;
mod report;
mod rollups;
mod running;
mod totals;
mod windows;

use local::secrets::Secrets;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, nanos};
use uuid::Uuid;

/// Another key of an account.
async fn another_key(world: &World, account: &Account, environment: &str) -> Account {
    let (key_id, key) = (Uuid::new_v4(), format!("gw_test_{}", Secrets::random().of("key")));
    world
        .sql(&format!(
            "insert into gateway.api_keys (id, account_id, key_hash, prefix, last_four, name, environment, scopes)
               values ('{key_id}', '{}', '{}', 'gw_test_', '{}', '{environment} key', '{environment}', array['*'])",
            account.id,
            world.hash(&key),
            &key[key.len() - 4..]
        ))
        .await;
    Account { id: account.id, key_id, key }
}

/// Records a request that cost nothing, or so much: past the ledger, for tests that do not look there.
async fn record(world: &World, account: &Account, finished_at: &str, cost: i64) {
    record_many(world, account, "test/recorded", (finished_at, "0 seconds"), 1, cost).await;
}

/// Records `number` requests, the first of which ended at a moment, each later one a while later.
async fn record_many(
    world: &World,
    account: &Account,
    model: &str,
    (first, apart): (&str, &str),
    number: i64,
    cost: i64,
) {
    world
        .sql(&format!(
            "select gateway.make_month(min(at))
             from generate_series(0, {number} - 1) as n, lateral (select timestamptz '{first}' + n * interval '{apart}') t (at)
             group by gateway.month_name(at);
             insert into gateway.requests
               (call_id, account_id, key_id, model, provider, outcome, prompt_tokens, completion_tokens, held, cost,
                created_at, finished_at)
             select gen_random_uuid(), '{}', '{}', '{model}', 'openrouter', 'completed', 3, 5, 0, {cost}, at, at
             from generate_series(0, {number} - 1) as n, lateral (select timestamptz '{first}' + n * interval '{apart}') t (at)",
            account.id, account.key_id
        ))
        .await;
}

async fn get(world: &World, account: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &account.key)).await.success()
}

/// Requests, failed ones, those with an own key, tokens (prompt, cached, completion, reasoning, together), cost in
/// nano-dollars.
type Sums = [i64; 9];

/// Sums as an answer has them.
fn sums(usage: &Value) -> Sums {
    let number = |name: &str| usage[name].as_i64().unwrap_or_else(|| panic!("no {name} in {usage}"));
    assert_eq!(usage.as_object().map(serde_json::Map::len), Some(9), "{usage}");
    [
        number("requests"),
        number("failed"),
        number("own_key"),
        number("prompt_tokens"),
        number("cached_tokens"),
        number("completion_tokens"),
        number("reasoning_tokens"),
        number("tokens"),
        nanos(&usage["cost"]),
    ]
}

/// What the raw rows add up to that fulfil a condition, each counted by itself.
async fn raw(world: &World, account: &Account, condition: &str) -> Sums {
    let sql = format!(
        "select jsonb_build_array(
           count(*), count(*) filter (where outcome in ('failed', 'cut', 'deadline')), count(*) filter (where own_key),
           coalesce(sum(prompt_tokens), 0), coalesce(sum(cached_tokens), 0), coalesce(sum(completion_tokens), 0),
           coalesce(sum(reasoning_tokens), 0), coalesce(sum(prompt_tokens + completion_tokens), 0),
           coalesce(sum(cost), 0))
         from gateway.requests r join gateway.api_keys k on k.id = r.key_id
         where r.account_id = '{}' and {condition}",
        account.id
    );
    serde_json::from_value(world.value(&sql).await).expect("nine numbers")
}

/// The parts of a total by what they are of, which is a member called `name`.
fn parts(list: &Value, name: &str) -> Vec<(String, Sums)> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list of {name}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut parts: Vec<(String, Sums)> = list.iter().map(|part| (text(&part[name]), sums(&part["usage"]))).collect();
    parts.sort();
    parts
}

/// What the raw rows that fulfil a condition add up to, by an expression.
async fn raw_parts(world: &World, account: &Account, expression: &str, condition: &str) -> Vec<(String, Sums)> {
    let sql = format!(
        "select coalesce(jsonb_agg(distinct coalesce({expression}, '')), '[]')
         from gateway.requests r join gateway.api_keys k on k.id = r.key_id
         where r.account_id = '{}' and {condition}",
        account.id
    );
    let names: Vec<String> = serde_json::from_value(world.value(&sql).await).expect("names");
    let mut parts = Vec::new();
    for name in names {
        let condition = format!("{condition} and coalesce({expression}, '') = '{name}'");
        parts.push((name, raw(world, account, &condition).await));
    }
    parts.sort();
    parts
}

/// Calls the cron job.
async fn cron(world: &World) -> i64 {
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    let answer = Answer::to(world.get("/api/cron/rollups", &secret)).await.success();
    assert_eq!(answer, json!({"accounts": answer["accounts"]}));
    answer["accounts"].as_i64().expect("a number")
}
