//! Totals are what the requests add up to, whenever they are asked for.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello, send};

use super::{another_key, get, parts, raw, raw_parts, record, sums};

/// Four models: two that are well, one that reports everything there is to a usage, one that always fails.
async fn models(world: &World) {
    world.model("test/other", &[Route::new("chutes", "standin/normal")]).await;
    world.model("test/reasons", &[Route::new("featherless", "standin/usage")]).await;
    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
}

/// A call of each model with each key, plain and streamed; all are settled.
async fn calls(world: &World, keys: &[&Account]) {
    for (at, key) in keys.iter().enumerate() {
        for model in [MODEL, "test/other", "test/reasons", "test/fails"] {
            let body = hello(&json!({"model": model, "stream": at % 2 == 1, "max_tokens": 20 + at}));
            send(world.chat(&key.key, &body)).await.bytes().await.expect("a body");
        }
    }
    world.settled().await;
    // What went with an own key is counted and costs nothing; here it is only marked.
    world
        .sql("update gateway.requests set own_key = true where model = 'test/fails' and finished_at = gateway.now()")
        .await;
}

/// Every total of every endpoint agrees with the raw rows, at `now` in UTC.
async fn assert_exact(world: &World, account: &Account, now: &str) {
    let today = format!("(finished_at at time zone 'utc')::date = date '{}'", &now[..10]);
    let month = format!("finished_at >= timestamptz '{}-01 00:00Z'", &now[..7]);
    let ever = "true".to_owned();

    let monitor = get(world, account, "/user/monitor").await;
    for (member, condition) in [("today", &today), ("this_month", &month), ("all_time", &ever)] {
        assert_eq!(sums(&monitor[member]), raw(world, account, condition).await, "{member} at {now}");
    }
    let environments = raw_parts(world, account, "k.environment", &month).await;
    assert_eq!(parts(&monitor["by_environment"], "environment"), environments, "{now}");
    assert_eq!(parts(&monitor["by_model"], "model"), raw_parts(world, account, "model", &month).await, "{now}");

    let by_environment = get(world, account, "/user/environment-usage").await;
    assert_eq!(parts(&by_environment["environments"], "environment"), environments, "{now}");

    let stats = get(world, account, "/user/activity/stats").await;
    assert_eq!(sums(&stats["totals"]), raw(world, account, &ever).await, "{now}");
    let used_days: Vec<_> = parts(&stats["by_day"], "day").into_iter().filter(|(_, sums)| sums[0] > 0).collect();
    let day = "(finished_at at time zone 'utc')::date::text";
    assert_eq!(used_days, raw_parts(world, account, day, &ever).await, "{now}");
    assert_eq!(parts(&stats["by_model"], "model"), raw_parts(world, account, "model", &ever).await, "{now}");
    assert_eq!(parts(&stats["by_provider"], "provider"), raw_parts(world, account, "provider", &ever).await, "{now}");
    let keys = raw_parts(world, account, "key_id::text", &ever).await;
    assert_eq!(parts(&stats["by_key"], "key_id"), keys, "{now}");

    let by_key = get(world, account, "/user/api-keys/usage?from=2027-01-01T00:00:00Z").await;
    let (used, unused): (Vec<_>, Vec<_>) =
        parts(&by_key["data"], "key_id").into_iter().partition(|(_, sums)| sums[0] > 0);
    assert_eq!(used, keys, "{now}");
    assert_eq!(unused.len(), 1, "a key that was never used is listed too: {by_key}");
}

#[tokio::test]
async fn totals_are_what_the_requests_add_up_to_across_hours_days_and_months() {
    let world = World::start().await;
    models(&world).await;
    let account = world.account(100_000_000_000).await;
    let (test, staging) = (another_key(&world, &account, "test").await, another_key(&world, &account, "staging").await);
    another_key(&world, &account, "development").await;
    // Another account's requests never count.
    let stranger = world.account(100_000_000_000).await;
    for now in [
        "2027-03-30 23:58:00Z",
        "2027-03-31 00:00:00Z",
        "2027-03-31 22:10:00Z",
        "2027-03-31 22:59:59.999999Z",
        "2027-03-31 23:00:00Z",
        "2027-03-31 23:00:59Z",
        "2027-03-31 23:59:59.999999Z",
        "2027-04-01 00:00:00Z",
        "2027-04-01 00:00:30Z",
        "2027-04-01 01:01:00Z",
        "2027-04-02 17:30:00Z",
    ] {
        world.set_clock(now).await;
        // Before there is anything new: an hour, a day or a month may have passed.
        assert_exact_or_empty(&world, &account, now).await;
        calls(&world, &[&account, &test, &staging]).await;
        calls(&world, &[&stranger]).await;
        assert_exact(&world, &account, now).await;
    }
    let failed = raw(&world, &account, "true").await;
    assert_eq!((failed[0], failed[1], failed[2]), (11 * 12, 11 * 3, 11 * 3), "{failed:?}");
    assert!(failed.iter().all(|sum| *sum > 0), "nothing was proven of what is always 0: {failed:?}");
    // None but the newest are counted one by one.
    let left = format!(
        "select count(*) from gateway.requests r join gateway.usage_totals t using (account_id)
         where account_id = '{}' and r.finished_at >= t.rolled_up_to and r.finished_at < '2027-04-02 17:00Z'",
        account.id
    );
    assert_eq!(world.value(&left).await, 0);
    world.assert_ledger_clean().await;
}

async fn assert_exact_or_empty(world: &World, account: &Account, now: &str) {
    if raw(world, account, "true").await[0] > 0 {
        assert_exact(world, account, now).await;
    }
}

#[tokio::test]
async fn an_account_that_never_called_has_zeros() {
    let world = World::start().await;
    let account = world.account(0).await;
    let monitor = get(&world, &account, "/user/monitor").await;
    for member in ["today", "this_month", "all_time"] {
        assert_eq!(sums(&monitor[member]), [0; 9]);
    }
    assert_eq!((&monitor["by_model"], &monitor["by_environment"]), (&json!([]), &json!([])));
    let stats = get(&world, &account, "/user/activity/stats").await;
    assert_eq!((sums(&stats["totals"]), &stats["by_key"]), ([0; 9], &json!([])));
    let keys = get(&world, &account, "/user/api-keys/usage").await;
    assert_eq!((sums(&keys["data"][0]["usage"]), &keys["has_more"]), ([0; 9], &json!(false)));
    assert_eq!(world.value("select count(*) from gateway.usage_totals").await, 0);
}

#[tokio::test]
async fn the_monitor_shows_credits_and_what_is_held() {
    let world = World::start().await;
    let account = world.account(2_500_000_000).await;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({"max_tokens": 100})));
    let running = async {
        tests::certain("a call at the provider", gate.wait_for(1)).await;
        let monitor = get(&world, &account, "/user/monitor").await;
        assert_eq!((&monitor["credits"], &monitor["held"]), (&json!(2.5), &json!(0.000_221)));
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), running);
    answer.success();
    world.settled().await;
    assert_eq!(get(&world, &account, "/user/monitor").await["held"], 0);
}

#[tokio::test]
async fn sums_are_exact_where_a_float_is_not() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    // Two halves of the first whole number that a float does not have, one summed up, the other not.
    record(&world, &account, "2027-03-17 10:30Z", 4_503_599_627_370_497).await;
    record(&world, &account, "2027-03-17 12:10Z", 4_503_599_627_370_496).await;
    for path in ["/user/monitor", "/user/activity/stats", "/user/environment-usage", "/user/api-keys/usage"] {
        let text = Answer::to(world.get(path, &account.key)).await.text;
        assert!(text.contains("\"cost\": 9007199.254740993"), "{path}: {text}");
    }
}

#[tokio::test]
async fn the_monitor_names_the_twenty_dearest_models() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    for cost in 1..=25 {
        super::record_many(&world, &account, &format!("test/{cost}"), ("2027-03-17 12:00Z", "0 s"), 1, cost).await;
    }
    let monitor = get(&world, &account, "/user/monitor").await;
    let models: Vec<String> = monitor["by_model"]
        .as_array()
        .expect("models")
        .iter()
        .map(|entry| entry["model"].as_str().expect("a model").to_owned())
        .collect();
    assert_eq!(models, (6..=25).rev().map(|cost| format!("test/{cost}")).collect::<Vec<_>>());
    let stats = get(&world, &account, "/user/activity/stats").await;
    assert_eq!(stats["by_model"].as_array().map(Vec::len), Some(25));
}
