//! Monitor, reports, exports, metrics and the ledger over an hour of calls that nobody has chosen: the same sums, to the nano-dollar.

use std::collections::BTreeMap;
use std::ops::Range;

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, Route, World, hello, nanos, send};

/// Numbers that a seed gives, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    /// SplitMix64.
    fn roll(&mut self, range: Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start + (z ^ (z >> 31)) % (range.end - range.start)
    }
}

async fn get(world: &World, account: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &account.key)).await.success()
}

/// A column of a CSV, in units of its ninth decimal.
fn column(text: &str, name: &str) -> i64 {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let place = rows[0].iter().position(|column| *column == name).expect("a column");
    rows[1..].iter().map(|row| nanos(&serde_json::from_str(row[place]).expect("a number"))).sum()
}

fn costs(list: &Value, of: &str) -> i64 {
    list.as_array().expect("a list").iter().map(|entry| nanos(&entry[of])).sum()
}

/// What each account used by each surface of its own, and all of them by the operator's.
async fn assert_agree(world: &World, accounts: &[Account], admin: &Account, when: &str) {
    let mut all = 0;
    for account in accounts {
        let sql = format!(
            "select jsonb_build_object('cost', sum(cost), 'requests', count(*),
               'ledger', (select -sum(amount) from gateway.credit_transactions where account_id = '{0}' and type = 'usage'),
               'spent', (select sum(spent_ever) from gateway.api_keys where account_id = '{0}'))
             from gateway.requests where account_id = '{0}'",
            account.id
        );
        let raw = world.value(&sql).await;
        let cost = raw["cost"].as_i64().expect("a sum");
        assert_eq!((raw["ledger"].as_i64(), raw["spent"].as_i64()), (Some(cost), Some(cost)), "{when}");
        let days = "start_date=2027-03-17&end_date=2027-03-17";
        for group in ["model", "provider", "key", "day"] {
            let report = get(world, account, &format!("/v1/report?{days}&group_by={group}")).await;
            assert_eq!(costs(&report["results"], "total_cost"), cost, "{group}, {when}");
        }
        let export = Answer::to(world.get("/user/activity/export?from=2027-03-17T00:00:00Z", &account.key)).await;
        assert_eq!(
            (column(&export.text, "cost"), json!(export.text.lines().count() - 1)),
            (cost, raw["requests"].clone())
        );
        let stats = get(world, account, "/user/activity/stats?from=2027-03-17T00:00:00Z").await;
        assert_eq!(nanos(&stats["totals"]["cost"]), cost, "{when}: {stats}");
        let balance = get(world, account, "/user/balance").await;
        assert_eq!(nanos(&balance["credits"]), 5_000_000_000 - cost, "{when}");
        let log = get(world, account, "/user/activity/log?limit=100").await;
        let mut parts = 0;
        for request in log["data"].as_array().expect("a list") {
            let id = request["call_id"].as_str().expect("an id");
            let detail = get(world, account, &format!("/user/activity/log/{id}")).await;
            assert_eq!(costs(&detail["costs"], "cost"), nanos(&request["cost"]), "{detail}");
            parts += costs(&detail["costs"], "cost");
        }
        assert_eq!(parts, cost, "{when}");
        all += cost;
    }
    let monitor = get(world, admin, "/admin/monitor?hours=3").await;
    assert_eq!(nanos(&monitor["window"]["cost"]), all, "{when}");
    for part in ["by_model", "by_provider"] {
        let costs = monitor[part].as_array().expect("a list").iter().map(|part| nanos(&part["usage"]["cost"]));
        assert_eq!(costs.sum::<i64>(), all, "{part}, {when}");
    }
    let metrics = Answer::to(world.get("/admin/metrics", &admin.key)).await.text;
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (sample, value) in
        metrics.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '))
    {
        let name = sample.split('{').next().unwrap_or_default();
        *sums.entry(name).or_default() += nanos(&serde_json::from_str(value).expect("a number"));
    }
    assert_eq!(sums["gateway_cost_usd_total"], all, "{when}");
    assert_eq!(
        sums["gateway_balance_usd"],
        5_000_000_000 * i64::try_from(accounts.len()).expect("few") - all,
        "{when}"
    );
}

#[tokio::test]
async fn over_a_random_hour_of_calls_every_surface_has_the_same_sums() {
    let seed = u64::try_from(tests::now()).expect("a time");
    println!("the hour of the seed {seed}");
    let mut dice = Dice(seed);
    let markup = format!("{}.{:02}", dice.roll(0..40), dice.roll(0..100));
    let world = World::with(Engine::InProcess, &[("PRICING_MARKUP_PERCENT", &markup)]).await;
    let mut accounts = Vec::new();
    for _ in 0..3 {
        accounts.push(world.account(5_000_000_000).await);
    }
    let admin = world.administrator().await;
    let behaviours =
        ["usage?prompt=97&cached=31&completion=53&reasoning=7", "normal", "cut?after=3", "status?code=500"];
    for (at, provider) in ["openrouter", "chutes", "featherless", "portkey"].into_iter().enumerate() {
        let upstream = format!("standin/{}", behaviours[at]);
        let price = |dice: &mut Dice| i64::try_from(dice.roll(1..3_000_000_000)).expect("a price");
        let (prompt, cached, completion) = (price(&mut dice), price(&mut dice), price(&mut dice));
        let route = Route { provider, upstream: &upstream, prompt, cached, completion };
        world.model(&format!("test/{at}"), &[route]).await;
    }
    for minute in ["12:03", "12:31", "12:59", "13:01"] {
        world.set_clock(&format!("2027-03-17 {minute}Z")).await;
        for _ in 0..dice.roll(3..9) {
            let account = &accounts[usize::try_from(dice.roll(0..3)).expect("one of them")];
            let body = hello(&json!({"model": format!("test/{}", dice.roll(0..4)), "stream": dice.roll(0..2) == 0,
                "max_tokens": dice.roll(1..90), "n": dice.roll(1..3)}));
            send(world.chat(&account.key, &body)).await.bytes().await.expect("a body");
        }
        world.settled().await;
    }
    // Everybody has called, whatever the dice say.
    for account in &accounts {
        send(world.chat(&account.key, &hello(&json!({"model": "test/0"})))).await.bytes().await.expect("a body");
    }
    world.settled().await;
    assert_agree(&world, &accounts, &admin, "counted one by one").await;
    world.set_clock("2027-03-17 13:15Z").await;
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    Answer::to(world.get("/api/cron/rollups", &secret)).await.success();
    assert_agree(&world, &accounts, &admin, "with an hour summed up").await;
    world.assert_ledger_clean().await;
}
