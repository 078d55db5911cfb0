//! Totals are asked for by whole hours, and the answer says which.

use serde_json::json;
use tests::world::{Account, World};

use super::{get, record_many, sums};

/// An account with a request every ten minutes from 1 January 2026 to the clock's now, 17 March 2027, 12:30.
async fn steady(world: &World) -> Account {
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    record_many(world, &account, "m", ("2026-01-01 00:00Z", "10 minutes"), 63_436, 0).await;
    let last = world.value("select max(finished_at) from gateway.requests").await;
    assert_eq!(last, "2027-03-17T12:30:00+00:00");
    account
}

#[tokio::test]
async fn a_window_is_made_of_the_hours_that_it_touches() {
    let world = World::start().await;
    let account = steady(&world).await;
    let (today, past) = ("2027-03-17T13:00:00+00:00", "2027-03-01T02:00:00+00:00");
    for (query, from, to, requests) in [
        // As told.
        ("from=2027-03-01T00:00:00Z&to=2027-03-01T02:00:00Z", "2027-03-01T00:00:00+00:00", past, 12),
        // From is rounded down, to is rounded up.
        ("from=2027-03-01T00:59:59Z&to=2027-03-01T01:00:01Z", "2027-03-01T00:00:00+00:00", past, 12),
        ("from=2027-03-01T01:30:00Z&to=2027-03-01T01:30:00Z", "2027-03-01T01:00:00+00:00", past, 6),
        // In another zone, half an hour off.
        ("from=2027-03-01T05:30:00%2B05:30&to=2027-03-01T07:30:00%2B05:30", "2027-03-01T00:00:00+00:00", past, 12),
        // This hour is in it, as far as it has come.
        ("from=2027-03-17T12:00:00Z", "2027-03-17T12:00:00+00:00", today, 4),
        // A window that ends before it begins is empty.
        ("from=2027-03-01T02:00:00Z&to=2027-02-01T00:00:00Z", past, past, 0),
        // What is to come is empty too.
        (
            "from=2027-03-18T00:00:00Z&to=2027-03-18T01:00:00Z",
            "2027-03-18T00:00:00+00:00",
            "2027-03-18T01:00:00+00:00",
            0,
        ),
        // At most 366 days, the last ones.
        ("from=0001-01-01T00:00:00Z", "2026-03-16T13:00:00+00:00", today, 366 * 144 - 2),
        (
            "from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:00Z",
            "2026-01-01T00:00:00+00:00",
            "2027-01-02T00:00:00+00:00",
            366 * 144,
        ),
        (
            "from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:01Z",
            "2026-01-01T01:00:00+00:00",
            "2027-01-02T01:00:00+00:00",
            366 * 144,
        ),
    ] {
        for (path, usage) in [
            ("/user/activity/stats", "/totals"),
            ("/user/api-keys/usage", "/data/0/usage"),
            ("/user/environment-usage", "/environments/0/usage"),
        ] {
            let answer = get(&world, &account, &format!("{path}?{query}")).await;
            assert_eq!((&answer["from"], &answer["to"]), (&json!(from), &json!(to)), "{path} {query}");
            let found = answer.pointer(usage).map_or(0, |usage| sums(usage)[0]);
            assert_eq!(found, requests, "{path} {query}");
        }
    }
}

#[tokio::test]
async fn without_a_window_it_is_this_month_or_thirty_days() {
    let world = World::start().await;
    let account = steady(&world).await;
    for (path, from) in [
        ("/user/activity/stats", "2027-02-16T00:00:00+00:00"),
        ("/user/api-keys/usage", "2027-03-01T00:00:00+00:00"),
        ("/user/environment-usage", "2027-03-01T00:00:00+00:00"),
    ] {
        let answer = get(&world, &account, path).await;
        assert_eq!((&answer["from"], &answer["to"]), (&json!(from), &json!("2027-03-17T13:00:00+00:00")), "{path}");
        // The same before another end.
        let answer = get(&world, &account, &format!("{path}?to=2027-01-01T00:00:00Z")).await;
        let from = if path.ends_with("stats") { "2026-12-02T00:00:00+00:00" } else { "2026-12-01T00:00:00+00:00" };
        assert_eq!((&answer["from"], &answer["to"]), (&json!(from), &json!("2027-01-01T00:00:00+00:00")), "{path}");
    }
    // On the hour, the hour that begins is this one.
    world.set_clock("2027-03-17 13:00Z").await;
    assert_eq!(get(&world, &account, "/user/activity/stats").await["to"], "2027-03-17T14:00:00+00:00");
}

#[tokio::test]
async fn every_day_of_a_window_is_listed() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    record_many(&world, &account, "m", ("2027-03-10 23:30Z", "30 minutes"), 2, 0).await;
    let days = async |query: &str| {
        let stats = get(&world, &account, &format!("/user/activity/stats{query}")).await;
        let days = stats["by_day"].as_array().expect("days").clone();
        let day =
            |entry: &serde_json::Value| (entry["day"].as_str().expect("a day").to_owned(), sums(&entry["usage"])[0]);
        days.iter().map(day).collect::<Vec<_>>()
    };
    let named = |days: &[(&str, i64)]| days.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect::<Vec<_>>();
    let all = days("").await;
    assert_eq!((all.len(), all[0].0.as_str(), all[29].0.as_str()), (30, "2027-02-16", "2027-03-17"));
    assert_eq!(all.iter().filter(|(_, requests)| *requests > 0).count(), 2);
    // A part of the first and of the last day.
    let some = days("?from=2027-03-09T22:00:00Z&to=2027-03-12T02:00:00Z").await;
    assert_eq!(some, named(&[("2027-03-09", 0), ("2027-03-10", 1), ("2027-03-11", 1), ("2027-03-12", 0)]));
    assert_eq!(days("?from=2027-03-10T00:00:00Z&to=2027-03-11T00:00:00Z").await, named(&[("2027-03-10", 1)]));
}
