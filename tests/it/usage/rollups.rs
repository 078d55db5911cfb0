//! Hours are summed up once, whoever does it and whenever a call is settled.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World, hello, send};

use super::{cron, get, raw, record_many, sums};

async fn requests(world: &World, account: &Account) -> i64 {
    sums(&get(world, account, "/user/monitor").await["all_time"])[0]
}

/// What the summed up hours add up to, and what the running total says.
async fn rolled(world: &World, account: &Account) -> (i64, i64) {
    let sql = format!(
        "select jsonb_build_array(
           (select coalesce(sum(requests), 0) from gateway.usage_hours where account_id = '{0}'),
           (select coalesce(sum(requests), 0) from gateway.usage_totals where account_id = '{0}'))",
        account.id
    );
    serde_json::from_value(world.value(&sql).await).expect("two numbers")
}

#[tokio::test]
async fn a_call_that_is_settled_late_counts_once_in_the_hour_of_its_settle() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.set_clock("2027-03-17 12:50Z").await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({})));
    let late = async {
        certain("a call at the provider", gate.wait_for(1)).await;
        world.set_clock("2027-03-17 13:10Z").await;
        assert_eq!(requests(&world, &account).await, 1);
        assert_eq!(rolled(&world, &account).await, (1, 1));
        // So late that its hold was swept.
        world.set_clock("2027-03-17 17:10Z").await;
        let secret = world.platform.variables()["CRON_SECRET"].clone();
        Answer::to(world.get("/api/cron/sweep-holds", &secret)).await.success();
        assert_eq!(world.value("select state from gateway.holds").await, "swept");
        assert_eq!(requests(&world, &account).await, 1);
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), late);
    answer.success();
    world.settled().await;
    tests::watch::poll("the late settle", || async { world.value("select count(*) from gateway.requests").await == 2 })
        .await;
    assert_eq!(requests(&world, &account).await, 2);
    assert_eq!(rolled(&world, &account).await, (1, 1));
    world.set_clock("2027-03-17 18:30Z").await;
    for _ in 0..2 {
        assert_eq!(requests(&world, &account).await, 2);
        assert_eq!(rolled(&world, &account).await, (2, 2));
    }
    let hours = world.value("select jsonb_agg(hour order by hour) from gateway.usage_hours").await;
    assert_eq!(hours, json!(["2027-03-17T12:00:00+00:00", "2027-03-17T17:00:00+00:00"]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_hour_is_over_ten_minutes_after_its_end() {
    let world = World::start().await;
    let account = world.account(0).await;
    record_many(&world, &account, "m", ("2027-03-17 12:00Z", "30 minutes"), 2, 0).await;
    for (now, summed_up) in [
        ("2027-03-17 12:59:59Z", 0),
        ("2027-03-17 13:09:59Z", 0),
        ("2027-03-17 13:10:00Z", 2),
        ("2027-03-17 14:30:00Z", 2),
    ] {
        world.set_clock(now).await;
        assert_eq!(requests(&world, &account).await, 2, "{now}");
        assert_eq!(rolled(&world, &account).await, (summed_up, summed_up), "{now}");
    }
}

#[tokio::test]
async fn the_cron_job_sums_up_every_account_once_and_nothing_is_wrong_without_it() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let (one, other, idle) = (world.account(0).await, world.account(0).await, world.account(0).await);
    for account in [&one, &other] {
        record_many(&world, account, "m", ("2027-03-17 09:00Z", "1 minute"), 211, 0).await;
    }
    assert_eq!(cron(&world).await, 2);
    assert_eq!((rolled(&world, &one).await, rolled(&world, &idle).await), ((180, 180), (0, 0)));
    assert_eq!(cron(&world).await, 0);
    // One's next hour is summed up by the job, the other's by whoever looks.
    world.set_clock("2027-03-17 13:30Z").await;
    assert_eq!(requests(&world, &other).await, 211);
    assert_eq!(rolled(&world, &other).await, (211, 211));
    assert_eq!(cron(&world).await, 1);
    assert_eq!(rolled(&world, &one).await, (211, 211));
    assert_eq!((requests(&world, &one).await, requests(&world, &idle).await), (211, 0));
}

#[tokio::test]
async fn the_cron_job_has_few_accounts_locked_at_a_time() {
    let world = World::start().await;
    let mut accounts = Vec::new();
    for _ in 0..60 {
        accounts.push(world.account(0).await);
        record_many(&world, &accounts[accounts.len() - 1], "m", ("2026-01-01 09:00Z", "1 minute"), 2, 0).await;
    }
    world.platform.postgrest.control().record(true);
    assert_eq!(cron(&world).await, 60);
    let calls = world.platform.postgrest.control().calls();
    let steps = calls.iter().filter(|call| call.function == "roll_up_usage").count();
    assert_eq!(steps, 3, "steps of 25 accounts");
    for account in &accounts {
        assert_eq!(rolled(&world, account).await, (2, 2));
    }
    assert_eq!(cron(&world).await, 0);
}

#[tokio::test]
async fn the_cron_job_gets_past_thousands_of_accounts_with_nothing_to_do() {
    let world = World::start().await;
    let last = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    world
        .sql(&format!(
            "insert into gateway.accounts (email) select n || '@idle.example' from generate_series(1, 5001) as n;
             insert into gateway.accounts (id) values ('{last}')"
        ))
        .await;
    let account = Account { id: last.parse().expect("an id"), ..world.account(0).await };
    record_many(&world, &account, "m", ("2026-01-01 09:00Z", "1 minute"), 2, 0).await;
    assert_eq!(cron(&world).await, 1);
    assert_eq!(rolled(&world, &account).await, (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sums_up_an_account_and_the_accounts_calls_do_not_wait_for_each_other() {
    let Some(world) = World::concurrent("summing up beside calls").await else { return };
    let account = world.account(1_000_000_000).await;
    record_many(&world, &account, "m", ("2026-01-01 09:00Z", "1 minute"), 10, 0).await;
    // A transaction that has summed up and does not end.
    let connect = tokio_postgres::connect(world.platform.database.url(), tokio_postgres::NoTls);
    let (client, connection) = connect.await.expect("a connection");
    tokio::spawn(connection);
    let sum_up = format!("begin; select gateway.roll_up('{}', gateway.now())", account.id);
    client.batch_execute(&sum_up).await.expect("sums");
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    // Whoever else wants the sums counts for themselves meanwhile.
    assert_eq!(requests(&world, &account).await, 11);
    assert_eq!(cron(&world).await, 0);
    client.batch_execute("rollback").await.expect("its end");
    // And a call that has the account's row keeps nobody from summing up.
    let client = world.locked(&account).await;
    assert_eq!(cron(&world).await, 1);
    assert_eq!(rolled(&world, &account).await, (10, 10));
    client.batch_execute("rollback").await.expect("the lock's end");
}

#[tokio::test]
async fn what_has_piled_up_is_summed_up_in_steps_by_whoever_looks_and_all_of_it_by_the_cron_job() {
    let world = World::start().await;
    world.set_clock("2027-03-31 12:30Z").await;
    let account = world.account(0).await;
    // Forty days, of which the last has more requests than a step takes.
    record_many(&world, &account, "m", ("2027-02-10 00:30Z", "1 day"), 40, 1).await;
    record_many(&world, &account, "m", ("2027-03-21 00:00Z", "1 second"), 45_000, 1).await;
    let ends = format!("select rolled_up_to from gateway.usage_totals where account_id = '{}'", account.id);
    let step = format!("select gateway.roll_up('{}', gateway.now(), 1)", account.id);
    for day in 11..14 {
        world.sql(&step).await;
        assert_eq!(world.value(&ends).await, json!(format!("2027-02-{day}T00:00:00+00:00")));
    }
    let all = raw(&world, &account, "true").await;
    assert_eq!(sums(&get(&world, &account, "/user/monitor").await["all_time"]), all);
    let (some, _) = rolled(&world, &account).await;
    assert!((20_000..41_000).contains(&some), "{some}");
    assert_eq!(cron(&world).await, 1);
    assert_eq!(rolled(&world, &account).await, (all[0], all[0]));
    assert_eq!(sums(&get(&world, &account, "/user/monitor").await["all_time"]), all);
}

#[tokio::test]
async fn an_account_that_cannot_be_summed_up_keeps_no_other_from_it() {
    let Some(world) = World::catching("an account that cannot be summed up").await else { return };
    let mut accounts = Vec::new();
    for _ in 0..3 {
        let account = world.account(0).await;
        record_many(&world, &account, "m", ("2026-01-01 09:00Z", "1 minute"), 10, 0).await;
        accounts.push(account);
    }
    accounts.sort_by_key(|account| account.id);
    // The first of them by id has an hour already, as if something had gone wrong before.
    world
        .sql(&format!(
            "insert into gateway.usage_hours select * from gateway.count_requests('{}', '-infinity', 'infinity')",
            accounts[0].id
        ))
        .await;
    assert_eq!(cron(&world).await, 2);
    for account in &accounts[1..] {
        assert_eq!(rolled(&world, account).await, (10, 10));
    }
    assert_eq!(rolled(&world, &accounts[0]).await, (10, 0), "as it was");
}

/// A clock that goes on by some seconds whenever it is read, whoever reads it: hours pass while calls run. No settle takes
/// so many looks at the clock that it would be late for its hour.
async fn hurry(world: &World) {
    world
        .sql(
            "create sequence gateway.ticks;
             create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select timestamptz '2027-03-31 20:50Z' + nextval('gateway.ticks') * interval '10 seconds' $$",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_exact_at_any_moment_while_calls_are_settled_and_hours_are_summed_up() {
    let Some(world) = World::concurrent("totals under parallel settles").await else { return };
    let account = world.account(100_000_000_000).await;
    hurry(&world).await;
    const CALLS: usize = 120;
    let running = std::sync::atomic::AtomicBool::new(true);
    let done = || !running.load(std::sync::atomic::Ordering::Relaxed);
    let calls = async {
        for _ in 0..CALLS / 20 {
            let (world, account) = (&world, &account);
            let sent = (0..20).map(|at| {
                let body = hello(&json!({"stream": at % 2 == 0, "max_tokens": 10 + at}));
                async move { send(world.chat(&account.key, &body)).await.bytes().await.expect("a body") }
            });
            join_all(sent).await;
        }
        world.settled().await;
        running.store(false, std::sync::atomic::Ordering::Relaxed);
    };
    // Whoever looks sums up first; the total only grows.
    let looking = async {
        let (mut seen, mut looks) = (0, 0);
        while !done() {
            let now = requests(&world, &account).await;
            assert!(now >= seen, "{now} after {seen}");
            (seen, looks) = (now, looks + 1);
        }
        looks
    };
    let summing = async {
        while !done() {
            let direct = format!("select gateway.roll_up('{}', gateway.now())", account.id);
            tokio::join!(world.sql(&direct), cron(&world), world.sql(&direct));
        }
    };
    // At one moment, what is summed up and the rest are all there is.
    let comparing = async {
        let sql = format!(
            "select jsonb_build_array(
               gateway.used_ever('{0}'),
               (select gateway.figures(
                  count(*), count(*) filter (where outcome in ('failed', 'cut', 'deadline')), 0, sum(prompt_tokens),
                  sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cost))
                from gateway.requests where account_id = '{0}'))",
            account.id
        );
        while !done() {
            let both = world.value(&sql).await;
            assert_eq!(both[0], both[1]);
        }
    };
    let ((), looks, (), ()) = tokio::join!(calls, looking, summing, comparing);
    assert!(looks > 3, "{looks}");
    let all = raw(&world, &account, "true").await;
    assert_eq!(all[0], i64::try_from(CALLS).expect("small"));
    assert_eq!(sums(&get(&world, &account, "/user/monitor").await["all_time"]), all);
    // Hours have passed, and each was written once.
    let hours = world.value("select count(distinct hour) from gateway.usage_hours").await;
    assert!(hours.as_i64().is_some_and(|hours| hours > 1), "{hours}");
    world.sql(&format!("select gateway.roll_up('{}', gateway.now() + interval '2 hours', 1000000)", account.id)).await;
    assert_eq!(rolled(&world, &account).await, (all[0], all[0]));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_sum_up_the_same_hours_at_once_count_them_once() {
    let Some(world) = World::concurrent("parallel roll-ups").await else { return };
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    record_many(&world, &account, "m", ("2027-03-17 01:00Z", "1 minute"), 600, 7).await;
    let looks = (0..24).map(|_| async { sums(&get(&world, &account, "/user/monitor").await["all_time"]) });
    let all = raw(&world, &account, "true").await;
    assert_eq!((all[0], all[8]), (600, 4200));
    for seen in join_all(looks).await {
        assert_eq!(seen, all);
    }
    assert_eq!(rolled(&world, &account).await, (600, 600));
}
