//! What is not summed up yet has a beginning that is, where it is much; and whole days stand for their hours. Every figure is that of the
//! requests all the same, whatever window is asked for and whenever.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, nanos};

use super::{cron, get, raw, record_many, sums};

async fn count(world: &World, sql: &str) -> i64 {
    world.value(sql).await.as_i64().expect("a number")
}

/// The account's figures and the platform's, in the window and in all, are those of the requests.
async fn assert_exact(world: &World, account: &Account, admin: &Account, (from, to): (&str, &str), when: &str) {
    let within = raw(world, account, &format!("r.finished_at >= '{from}' and r.finished_at < '{to}'")).await;
    let all = raw(world, account, "true").await;
    let query = format!("from={from}&to={to}");
    let stats = get(world, account, &format!("/user/activity/stats?{query}")).await;
    assert_eq!(sums(&stats["totals"]), within, "{when}");
    for part in ["by_day", "by_model", "by_provider", "by_key"] {
        let parts = stats[part].as_array().expect("a list").iter().map(|part| sums(&part["usage"])[8]);
        assert_eq!(parts.sum::<i64>(), within[8], "{part} {when}");
    }
    assert_eq!(sums(&get(world, account, "/user/monitor").await["all_time"]), all, "{when}");
    let usage = get(world, admin, &format!("/admin/usage?{query}")).await;
    assert_eq!(
        (usage["totals"]["requests"].as_i64(), nanos(&usage["totals"]["cost"])),
        (Some(within[0]), within[8]),
        "{when}"
    );
    let days = usage["by_day"].as_array().expect("a list").iter().map(|day| nanos(&day["usage"]["cost"]));
    assert_eq!(days.sum::<i64>(), within[8], "{when}");
    let analytics = get(world, admin, &format!("/admin/transaction-analytics?{query}")).await;
    let spent = analytics["by_type"].as_array().expect("a list").iter().find(|it| it["type"] == "usage");
    assert_eq!(spent.map_or(0, |it| -nanos(&it["amount"])), within[8], "{when}");
    let metrics = Answer::to(world.get("/admin/metrics", &admin.key)).await.text;
    let counted = metrics.lines().filter(|line| line.starts_with("gateway_requests_total{"));
    let counted: i64 = counted.filter_map(|line| line.rsplit_once(' ')?.1.parse::<i64>().ok()).sum();
    assert_eq!(counted, all[0], "{when}");
    let (since, until) = (&from[..10], &to[..10]);
    if from.ends_with("T00:00:00Z") && to.ends_with("T00:00:00Z") {
        // The report's days are whole, and both are in it.
        let report = get(world, account, &format!("/v1/report?start_date={since}&end_date={until}&group_by=day")).await;
        let days = report["results"].as_array().expect("a list").iter();
        let told: i64 = days.filter(|day| day["day"] != until).map(|day| nanos(&day["total_cost"])).sum();
        assert_eq!(told, within[8], "{when}");
    }
}

#[tokio::test]
async fn the_beginning_of_an_hour_is_summed_up_once_it_is_much_and_goes_with_its_hour() {
    let world = World::start().await;
    world.set_clock("2027-03-17 13:00Z").await;
    let (account, admin) = (world.account(0).await, world.administrator().await);
    record_many(&world, &account, "m", ("2027-03-17 11:30Z", "1 minute"), 40, 3).await;
    cron(&world).await;
    let window = ("2027-03-17T11:00:00Z", "2027-03-17T15:00:00Z");
    let heads = "select coalesce(sum(requests), 0) from gateway.usage_heads";
    let of_platform = "select coalesce(sum(requests), 0) from gateway.platform_heads";
    // Few are counted one by one.
    record_many(&world, &account, "m", ("2027-03-17 13:00Z", "1 second"), 499, 7).await;
    world.set_clock("2027-03-17 13:20Z").await;
    assert_exact(&world, &account, &admin, window, "few").await;
    assert_eq!((count(&world, heads).await, count(&world, of_platform).await), (0, 0));
    // Many are not: but for those of the last two minutes, which may still be settled.
    record_many(&world, &account, "n", ("2027-03-17 13:10Z", "1 second"), 1500, 11).await;
    for (now, summed) in [("2027-03-17 13:25Z", 1279), ("2027-03-17 13:45Z", 1999), ("2027-03-17 13:46Z", 1999)] {
        world.set_clock(now).await;
        for _ in 0..2 {
            assert_exact(&world, &account, &admin, window, now).await;
            assert_eq!((count(&world, heads).await, count(&world, of_platform).await), (summed, summed), "{now}");
        }
    }
    // A settle that is late for the beginning is counted with what follows; the hour is made of the requests.
    world.set_clock("2027-03-17 14:05Z").await;
    record_many(&world, &account, "m", ("2027-03-17 13:55Z", "1 second"), 900, 13).await;
    assert_exact(&world, &account, &admin, window, "into the next hour").await;
    world.set_clock("2027-03-17 14:09Z").await;
    assert_exact(&world, &account, &admin, window, "over the next hour's beginning").await;
    world.set_clock("2027-03-17 14:10Z").await;
    assert_exact(&world, &account, &admin, window, "the hour is over").await;
    let left = "select count(*) from gateway.usage_heads where hour < '2027-03-17 14:00Z'";
    assert_eq!(count(&world, left).await, 0);
    for _ in 0..2 {
        world.set_clock("2027-03-17 16:00Z").await;
        assert_exact(&world, &account, &admin, window, "all is over").await;
        assert_eq!((count(&world, heads).await, count(&world, of_platform).await), (0, 0));
    }
    let hours = "select sum(requests) from gateway.usage_hours";
    assert_eq!(count(&world, hours).await, 40 + 499 + 1500 + 900);
}

#[tokio::test]
async fn whole_days_stand_for_their_hours_in_any_window() {
    let world = World::start().await;
    world.set_clock("2027-03-21 15:30Z").await;
    let (account, admin) = (world.account(0).await, world.administrator().await);
    // Ten days of which two are empty, and today.
    record_many(&world, &account, "m", ("2027-03-10 05:00Z", "37 minutes"), 200, 3).await;
    record_many(&world, &account, "n", ("2027-03-18 22:10Z", "11 minutes"), 380, 5).await;
    let windows = [
        ("2027-03-10T00:00:00Z", "2027-03-22T00:00:00Z"),
        ("2027-03-10T06:00:00Z", "2027-03-21T15:00:00Z"),
        ("2027-03-12T23:00:00Z", "2027-03-13T01:00:00Z"),
        ("2027-03-13T00:00:00Z", "2027-03-14T00:00:00Z"),
        ("2027-03-15T09:00:00Z", "2027-03-19T00:00:00Z"),
        ("2027-03-19T00:00:00Z", "2027-03-21T16:00:00Z"),
        ("2027-03-21T03:00:00Z", "2027-03-21T04:00:00Z"),
    ];
    for step in 0..3 {
        for window in windows {
            assert_exact(&world, &account, &admin, window, &format!("step {step}, {window:?}")).await;
        }
        match step {
            0 => assert_eq!(cron(&world).await, 0, "whoever has looked has summed up"),
            // A day that ends between two of the cron job's runs is summed up by whichever comes next.
            _ => world.set_clock("2027-03-23 02:30Z").await,
        }
    }
    for (days, part) in [
        ("gateway.usage_days", "true"),
        ("gateway.platform_days", "part = 'total'"),
        ("gateway.platform_days", "part = 'provider'"),
    ] {
        let known =
            world.value(&format!("select jsonb_agg(distinct hour::date order by hour::date) from {days}")).await;
        let first = known.as_array().expect("days").first().cloned();
        assert_eq!(first, Some(json!("2027-03-10")), "{days}: {known}");
        let wrong = format!(
            "select count(*) from (
               select date_trunc('day', finished_at, 'UTC') as day, sum(cost) as cost from gateway.requests group by 1) as r
             full join (select hour as day, sum(cost) as cost from {days} where {part} group by 1) as d using (day)
             where d.cost is distinct from r.cost and day < (select max(hour) + interval '1 day' from {days})"
        );
        assert_eq!(world.value(&wrong).await, Value::from(0), "{days}, {part}");
    }
}
