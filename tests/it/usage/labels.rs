//! Reports by end user and by tag have the figures of the requests, before they are summed up and after.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello, nanos, send};

use super::{cron, get};

const DAYS: &str = "start_date=2027-03-17&end_date=2027-03-18";

/// The groups of a report: name, cost and requests.
fn groups(report: &Value, name: &str) -> Vec<(Option<String>, i64, i64)> {
    let results = report["results"].as_array().expect("a list");
    let mut groups: Vec<_> = results
        .iter()
        .map(|group| {
            let cost = nanos(&group["total_cost"]);
            (group[name].as_str().map(str::to_owned), cost, group["request_count"].as_i64().expect("a count"))
        })
        .collect();
    groups.sort();
    groups
}

/// The same of the requests, by an expression.
async fn raw(world: &World, account: &Account, expression: &str, from: &str) -> Vec<(Option<String>, i64, i64)> {
    let sql = format!(
        "select coalesce(jsonb_agg(jsonb_build_array(name, cost, count)), '[]') from (
           select {expression} as name, sum(cost) as cost, count(*) as count from {from} where account_id = '{}' group by 1) g",
        account.id
    );
    let mut groups: Vec<(Option<String>, i64, i64)> = serde_json::from_value(world.value(&sql).await).expect("groups");
    groups.sort();
    groups
}

#[tokio::test]
async fn a_report_by_user_or_tag_adds_up_to_the_requests_however_they_are_counted() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    world.model("test/other", &[Route::new("chutes", "standin/usage")]).await;
    let (account, stranger) = (world.account(3_000_000_000).await, world.account(3_000_000_000).await);
    let calls = async || {
        for who in [&account, &stranger] {
            for (user, tags) in [("ann", "web,beta"), ("ann", "web"), ("bob", ""), ("", "beta"), ("", "")] {
                for model in [MODEL, "test/other"] {
                    let body = hello(&json!({"model": model, "user": user}));
                    let request = world.chat(&who.key, &body).header("x-gateway-tag", tags);
                    send(request).await.bytes().await.expect("a body");
                }
            }
        }
        world.settled().await;
    };
    calls().await;
    world.set_clock("2027-03-18 00:20Z").await;
    calls().await;

    let report = async |query: &str| get(&world, &account, &format!("/v1/report?{DAYS}{query}")).await;
    let tags = "gateway.requests cross join jsonb_array_elements_text(tags) as tag";
    let hour_by_hour = report("&group_by=day&date_part=hour&user_id=ann").await;
    assert_eq!(groups(&hour_by_hour, "hour").len(), 2, "{hour_by_hour}");
    for (rolled_up, now, days) in [
        (0, "2027-03-18 00:20Z", 1),
        (1, "2027-03-18 00:40Z", 1),
        (2, "2027-03-18 01:40Z", 1),
        // Nothing was called after the second day, so that it stays with its hours.
        (3, "2027-03-20 00:20Z", 1),
    ] {
        world.set_clock(now).await;
        if rolled_up > 0 {
            cron(&world).await;
            for labels in ["gateway.usage_labels", "gateway.usage_label_days"] {
                assert_eq!(world.value(&format!("select count(distinct kind) from {labels}")).await, 2, "{labels}");
            }
        }
        let summed = "select count(distinct hour) from gateway.usage_label_days";
        assert_eq!(world.value(summed).await, days, "{now}");
        let by_user = raw(&world, &account, "end_user", "gateway.requests").await;
        assert_eq!((groups(&report("&group_by=user").await, "user"), by_user.len()), (by_user, 3), "{rolled_up}");
        let by_tag = raw(&world, &account, "tag", tags).await;
        assert_eq!((groups(&report("&group_by=tag").await, "tag"), by_tag.len()), (by_tag, 2), "{rolled_up}");
        let of_ann = "(select * from gateway.requests where end_user = 'ann') r";
        let models = raw(&world, &account, "model", of_ann).await;
        assert_eq!(groups(&report("&group_by=model&user_id=ann").await, "model"), models);
        let of_beta = "(select * from gateway.requests where tags ? 'beta') r";
        let days = raw(&world, &account, "(finished_at at time zone 'utc')::date::text", of_beta).await;
        assert_eq!(groups(&report("&tags=beta").await, "day"), days);
        assert_eq!(report("&group_by=day&date_part=hour&user_id=ann").await, hour_by_hour, "{now}");
        let of_model = format!("(select * from gateway.requests where model = '{MODEL}') r");
        let users = raw(&world, &account, "end_user", &of_model).await;
        assert_eq!(groups(&report(&format!("&group_by=user&model={MODEL}")).await, "user"), users);
    }

    let sheet = world.get(&format!("/v1/report?{DAYS}&group_by=user"), &account.key).header("accept", "text/csv");
    let sheet = Answer::to(sheet).await.text;
    assert!(sheet.starts_with("user,total_cost,") && sheet.contains("\r\nann,") && sheet.contains("\r\n,"), "{sheet}");
    let export = Answer::to(world.get("/user/activity/export", &account.key)).await.text;
    let head: Vec<&str> = export.lines().next().expect("a head").split(',').collect();
    assert_eq!(head[head.len() - 2..], ["user", "tags"]);
    assert!(export.contains(r#",ann,"[""web"", ""beta""]""#), "{export}");
    let both = world.get(&format!("/v1/report?{DAYS}&group_by=user&tags=beta"), &account.key);
    assert_eq!(Answer::to(both).await.refused(400, "invalid_request")["param"], "tags");

    // Who is forgotten is nobody in particular from then on, and the sum stays.
    let before: i64 = groups(&report("&group_by=user").await, "user").iter().map(|(_, cost, _)| cost).sum();
    let url = format!("{}/user/end-users?user=ann", world.base_url);
    Answer::to(world.http.delete(url).bearer_auth(&account.key)).await.success();
    let after = groups(&report("&group_by=user").await, "user");
    assert_eq!((after.len(), after.iter().map(|(_, cost, _)| cost).sum::<i64>()), (2, before), "{after:?}");
    let others = get(&world, &stranger, &format!("/v1/report?{DAYS}&group_by=user")).await;
    assert_eq!(groups(&others, "user").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_while_hours_are_summed_up_is_in_none_of_them() {
    let Some(world) = World::concurrent("forgetting beside summing up").await else { return };
    world.set_clock("2027-03-17 12:50Z").await;
    let account = world.account(3_000_000_000).await;
    send(world.chat(&account.key, &hello(&json!({"user": "ann"})))).await.bytes().await.expect("a body");
    world.settled().await;
    world.set_clock("2027-03-19 00:20Z").await;
    // Who sums up has read the name, and writes it down at its end.
    let connect = tokio_postgres::connect(world.platform.database.url(), tokio_postgres::NoTls);
    let (client, connection) = connect.await.expect("a connection");
    tokio::spawn(connection);
    let sum_up = format!("begin; select gateway.roll_up('{}', gateway.now())", account.id);
    client.batch_execute(&sum_up).await.expect("sums");
    let url = format!("{}/user/end-users?user=ann", world.base_url);
    Answer::to(world.http.delete(url).bearer_auth(&account.key)).await.success();
    client.batch_execute("commit").await.expect("its end");
    let named = "select (select count(*) from gateway.usage_labels) + (select count(*) from gateway.usage_label_days)
                      + (select count(*) from gateway.usage_label_sums) + (select count(*) from gateway.usage_label_heads)
                      + (select count(*) from gateway.requests where end_user is not null)";
    world.value("select public.apply_retention()").await;
    assert_eq!(world.value(named).await, 0);
}

#[tokio::test]
async fn names_that_anyone_makes_up_are_bounded_in_an_hour_and_in_a_report() {
    let world = World::start().await;
    world.set_clock("2027-03-17 13:30Z").await;
    let account = world.account(0).await;
    world
        .sql(&format!(
            "insert into gateway.requests
               (call_id, account_id, key_id, model, outcome, held, cost, end_user, created_at, finished_at)
             select gen_random_uuid(), '{}', '{}', 'm', 'completed', 0, i, 'user-' || i, at, at
             from generate_series(1, 1500) as i, (values ('2027-03-17 12:00Z'::timestamptz)) as t (at)",
            account.id, account.key_id
        ))
        .await;
    let all: i64 = (1..=1500).sum();
    for rolled_up in [false, true] {
        if rolled_up {
            cron(&world).await;
            assert_eq!(world.value("select count(*) from gateway.usage_labels").await, 1001);
        }
        let report = get(&world, &account, &format!("/v1/report?{DAYS}&group_by=user")).await;
        let groups = groups(&report, "user");
        let others = groups.iter().find(|(name, ..)| name.as_deref() == Some("…")).expect("the others");
        assert_eq!((groups.len(), (others.1, others.2)), (1001, ((1..=500).sum(), 500)), "{rolled_up}");
        assert_eq!(groups.iter().map(|(_, cost, _)| cost).sum::<i64>(), all);
    }
}
