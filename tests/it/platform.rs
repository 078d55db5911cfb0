//! What an operator sees of the whole platform: every figure is that of the requests and of the ledger, whenever and wherever it is
//! read.

use std::collections::BTreeMap;

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::{Account, MODEL, Route, World, hello, nanos, send};

async fn get(world: &World, admin: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &admin.key)).await.success()
}

async fn metrics(world: &World, admin: &Account) -> BTreeMap<String, String> {
    let answer = Answer::to(world.get("/admin/metrics", &admin.key)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let samples = answer.text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A counter over all its labels, in units of its ninth decimal.
fn total(metrics: &BTreeMap<String, String>, name: &str) -> i64 {
    let of_name = |sample: &str| sample == name || sample.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
    let values = metrics.iter().filter(|(sample, _)| of_name(sample));
    values.map(|(_, value)| nanos(&serde_json::from_str(value).expect("a number"))).sum()
}

async fn roll_up(world: &World) {
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    Answer::to(world.get("/api/cron/rollups", &secret)).await.success();
}

/// Calls of two accounts that end in every way, plain and streamed.
async fn calls(world: &World, accounts: &[&Account]) {
    for (at, account) in accounts.iter().enumerate() {
        for model in [MODEL, "test/reasons", "test/fails", "test/cut"] {
            for stream in [false, true] {
                let body = hello(&json!({"model": model, "stream": stream, "max_tokens": 20 + at}));
                send(world.chat(&account.key, &body)).await.bytes().await.expect("a body");
            }
        }
    }
    world.settled().await;
}

/// All surfaces agree with the raw rows and with the ledger, at any moment.
async fn assert_agree(world: &World, admin: &Account, when: &str) {
    let raw = world
        .value(
            "select jsonb_build_object(
               'requests', count(*), 'failed', count(*) filter (where outcome in ('failed', 'cut', 'deadline')),
               'tokens', sum(prompt_tokens + completion_tokens), 'cost', sum(cost),
               'provider_cost', sum(round(cost * 10000.0 / markup)), 'timed', count(duration_ms),
               'ledger', (select -sum(amount) from gateway.credit_transactions where type = 'usage'),
               'granted', (select sum(amount) from gateway.credit_transactions where type <> 'usage'))
             from gateway.requests",
        )
        .await;
    let number = |name: &str| raw[name].as_i64().unwrap_or_else(|| panic!("{name} in {raw}"));
    assert_eq!(raw["cost"], raw["ledger"]);
    assert!(number("provider_cost") < number("cost"), "the test's markup is not zero: {raw}");

    let monitor = get(world, admin, "/admin/monitor?hours=744").await;
    let usage = get(world, admin, "/admin/usage").await;
    for sums in [&monitor["window"], &usage["totals"]] {
        for name in ["requests", "failed", "tokens"] {
            assert_eq!(sums[name], raw[name], "{name} {when}");
        }
        assert_eq!(nanos(&sums["cost"]), number("cost"), "{when}");
        assert_eq!(nanos(&sums["provider_cost"]), number("provider_cost"), "{when}");
        assert_eq!(nanos(&sums["margin"]), number("cost") - number("provider_cost"), "{when}");
        assert!(sums["duration_ms"]["p50"].as_i64() <= sums["duration_ms"]["p99"].as_i64(), "{sums}");
    }
    for part in ["by_model", "by_provider", "by_day"] {
        let costs = usage[part].as_array().expect("a list").iter().map(|part| nanos(&part["usage"]["cost"]));
        assert_eq!(costs.sum::<i64>(), number("cost"), "{part} {when}");
    }

    let analytics = get(world, admin, "/admin/transaction-analytics").await;
    let of = |kind: &str| {
        let types = analytics["by_type"].as_array().expect("a list");
        types
            .iter()
            .filter(|it| (it["type"] == "usage") == (kind == "usage"))
            .map(|it| nanos(&it["amount"]))
            .sum::<i64>()
    };
    assert_eq!((of("usage"), of("others")), (-number("cost"), number("granted")), "{when}");

    let metrics = metrics(world, admin).await;
    let billion = 1_000_000_000;
    assert_eq!(total(&metrics, "gateway_cost_usd_total"), number("cost"), "{when}");
    assert_eq!(total(&metrics, "gateway_provider_cost_usd_total"), number("provider_cost"), "{when}");
    assert_eq!(total(&metrics, "gateway_requests_total"), number("requests") * billion, "{when}");
    assert_eq!(total(&metrics, "gateway_request_duration_seconds_count"), number("timed") * billion, "{when}");
    let balance = get(world, admin, "/admin/balance").await;
    let remaining = balance["by_source"].as_array().expect("a list").iter().map(|it| nanos(&it["remaining"]));
    let totals = &balance["totals"];
    assert_eq!(remaining.sum::<i64>() - nanos(&totals["debt"]), nanos(&totals["balance"]), "{when}");
    assert_eq!(total(&metrics, "gateway_balance_usd"), nanos(&totals["balance"]), "{when}");
    assert_eq!(nanos(&totals["balance"]), number("granted") - number("cost"), "{when}");
}

#[tokio::test]
async fn every_surface_has_the_same_figures_before_between_and_after_the_hours_are_summed_up() {
    let world = World::with(Engine::InProcess, &[("PRICING_MARKUP_PERCENT", "17.5")]).await;
    world.set_clock("2027-03-17 12:50Z").await;
    world.model("test/reasons", &[Route::new("featherless", "standin/usage")]).await;
    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
    world.model("test/cut", &[Route::new("chutes", "standin/cut?after=2")]).await;
    let (one, other) = (world.account(3_000_000_000).await, world.account(2_000_000_007).await);
    let admin = world.administrator().await;
    calls(&world, &[&one, &other]).await;
    assert_agree(&world, &admin, "before anything is summed up").await;
    for (now, hours) in [("2027-03-17 13:09Z", 0), ("2027-03-17 13:10Z", 1), ("2027-03-19 04:11Z", 2)] {
        world.set_clock(now).await;
        for _ in 0..2 {
            roll_up(&world).await;
            let sql = "select count(distinct hour) from gateway.platform_hours";
            assert_eq!(world.value(sql).await, hours, "{now}");
            assert_agree(&world, &admin, now).await;
        }
        if hours < 2 {
            calls(&world, &[&other, &one]).await;
            assert_agree(&world, &admin, &format!("calls after {now}")).await;
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_monitor_tells_the_window_from_the_one_before_it_and_what_waits() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
    let account = world.account(3_000_000_000).await;
    let admin = world.administrator().await;
    let call = async |model: &str| {
        Answer::to(world.chat(&account.key, &hello(&json!({"model": model})))).await;
        world.settled().await;
    };
    call(MODEL).await;
    world.set_clock("2027-03-17 14:20Z").await;
    call(MODEL).await;
    world.set_clock("2027-03-17 15:50Z").await;
    call(MODEL).await;
    call("test/fails").await;
    // Counted one by one, and then with hours at the edges of both windows summed up.
    for _ in 0..2 {
        let monitor = get(&world, &admin, "/admin/monitor?hours=2").await;
        assert_eq!(
            (&monitor["from"], &monitor["to"]),
            (&json!("2027-03-17T14:00:00+00:00"), &json!("2027-03-17T16:00:00+00:00"))
        );
        let seen = ["now", "window", "before"].map(|part| monitor[part]["requests"].as_i64());
        assert_eq!(seen, [Some(2), Some(3), Some(1)]);
        assert_eq!((&monitor["window"]["failed"], &monitor["window"]["error_rate"]), (&json!(1), &json!(0.3333)));
        assert_eq!(monitor["errors"].as_array().map(Vec::len), Some(1), "{monitor}");
        assert_eq!(monitor["holds"], json!({"open": 0, "amount": 0, "overdue": 0}));
        assert_eq!(monitor["settlements_waiting"], 0);
        roll_up(&world).await;
    }
    for hours in ["0", "745", "x"] {
        Answer::to(world.get(&format!("/admin/monitor?hours={hours}"), &admin.key))
            .await
            .refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_request_is_found_by_its_ids_and_by_what_it_was() {
    let world = World::start().await;
    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
    let (account, other) = (world.account(3_000_000_000).await, world.account(3_000_000_000).await);
    let admin = world.administrator().await;
    let answer = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
    let request_id = answer.header("x-request-id").to_owned();
    Answer::to(world.chat(&account.key, &hello(&json!({"model": "test/fails"})))).await;
    world.completion(&other.key, &hello(&json!({}))).await;
    world.settled().await;
    let find = async |query: &str| {
        let page = get(&world, &admin, &format!("/admin/requests?{query}")).await;
        page["data"].as_array().expect("a list").clone()
    };
    assert_eq!(find("").await.len(), 3);
    let found = find(&format!("id={request_id}")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["account_id"], json!(account.id));
    assert_eq!(find(&format!("id={}", found[0]["call_id"].as_str().expect("an id"))).await, found);
    assert_eq!(find(&format!("account_id={}", account.id)).await.len(), 2);
    assert_eq!(find("outcome=failed").await.len(), 1);
    assert_eq!(find(&format!("key_id={}&model={MODEL}", other.key_id)).await.len(), 1);
    assert_eq!(find("id=nothing").await.len(), 0);
    let first = get(&world, &admin, "/admin/requests?limit=2").await;
    let next = first["next_cursor"].as_str().expect("a cursor").to_owned();
    let second = get(&world, &admin, &format!("/admin/requests?limit=2&cursor={next}")).await;
    assert_eq!((first["has_more"].as_bool(), second["data"].as_array().map(Vec::len)), (Some(true), Some(1)));
}

#[tokio::test]
async fn refused_calls_are_counted_by_their_reason_and_leave_no_request() {
    let world = World::start().await;
    let (poor, admin) = (world.account(0).await, world.administrator().await);
    let nobody = format!("gw_test_{}", "b".repeat(43));
    let unknown = hello(&json!({"model": "no/such"}));
    for _ in 0..3 {
        Answer::to(world.chat(&poor.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    }
    Answer::to(world.chat(&nobody, &hello(&json!({})))).await.refused(401, "invalid_api_key");
    for _ in 0..2 {
        Answer::to(world.chat(&poor.key, &unknown)).await.refused(404, "model_not_found");
    }
    // What an instance has counted meanwhile it tells together.
    let counted = "select coalesce(jsonb_object_agg(code, calls), '{}') from gateway.refusal_totals";
    let all = json!({"insufficient_credits": 3, "invalid_api_key": 1, "model_not_found": 2});
    poll("every refusal", || async { world.value(counted).await == all }).await;
    let monitor = get(&world, &admin, "/admin/monitor?hours=1").await;
    let by_count = json!([{"code": "insufficient_credits", "calls": 3}, {"code": "model_not_found", "calls": 2},
                          {"code": "invalid_api_key", "calls": 1}]);
    assert_eq!(monitor["refusals"], by_count);
    assert_eq!(
        (&monitor["window"]["requests"], &monitor["providers"]["openrouter"]),
        (&json!(0), &json!("configured"))
    );
    let metrics = metrics(&world, &admin).await;
    assert_eq!(total(&metrics, "gateway_refusals_total"), 6_000_000_000);
    assert_eq!(metrics["gateway_refusals_total{code=\"model_not_found\"}"], "2");

    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
    let account = world.account(1_000_000_000).await;
    for _ in 0..5 {
        Answer::to(world.chat(&account.key, &hello(&json!({"model": "test/fails"})))).await;
        world.settled().await;
    }
    assert_eq!(get(&world, &admin, "/admin/monitor?hours=1").await["providers"]["portkey"], "failing");
}

#[tokio::test]
async fn breakers_are_told_by_provider_and_model_with_what_opened_them() {
    let world = World::start().await;
    let (account, admin) = (world.account(1_000_000_000).await, world.administrator().await);
    world.model("test/fails", &[Route::new("chutes", "standin/status?code=500")]).await;
    let closed = get(&world, &admin, "/admin/monitor").await;
    assert_eq!((&closed["breakers"], &closed["providers"]["chutes"]), (&json!([]), &json!("configured")));
    for failures in 1..=5 {
        send(world.chat(&account.key, &hello(&json!({"model": "test/fails"})))).await.bytes().await.expect("a body");
        world.settled().await;
        let open = get(&world, &admin, "/admin/monitor").await["breakers"].clone();
        assert_eq!(open.as_array().map(Vec::len), Some(usize::from(failures == 5)), "after {failures}: {open}");
    }
    let upstash = &world.platform.upstash;
    let later = "1 99999999999999";
    upstash.execute(&["HSET", "breaker", "openrouter", later, "portkey#2", "0 99999999999999"]).await.expect("HSET");
    for path in ["/admin/monitor", "/admin/rate-limits/system"] {
        let told = get(&world, &admin, path).await["breakers"].clone();
        let members = |it: &Value| json!([it["provider"], it["model"], it["state"], it["failures"]]);
        let open: Vec<Value> = told.as_array().expect("a list").iter().map(members).collect();
        let failing = json!(["chutes", "test/fails", "failing", 5]);
        let expected = [failing, json!(["openrouter", null, "refused", 1]), json!(["portkey#2", null, "limited", 0])];
        assert_eq!(open, expected, "{path}: {told}");
        let left = format!(
            "select ceil(extract(epoch from timestamptz '{}' - now()))",
            told[0]["until"].as_str().expect("a time")
        );
        assert!(world.value(&left).await.as_i64().is_some_and(|left| (1..=30).contains(&left)), "{told}");
    }
    let monitor = get(&world, &admin, "/admin/monitor").await;
    assert_eq!(
        (&monitor["providers"]["chutes"], &monitor["providers"]["openrouter"]),
        (&json!("failing"), &json!("refusing"))
    );
    // Its other models are asked there as before.
    let body = hello(&json!({}));
    assert_eq!(send(world.chat(&account.key, &body)).await.status(), 200);
    assert!(world.newest_call().await["provider"].is_string());
}
