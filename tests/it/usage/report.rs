//! Reports and exports have the figures of the requests, as JSON and as CSV.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{MODEL, Route, World, hello, nanos, send};

use super::{another_key, get};

/// The fields of a CSV whose texts have no commas.
fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn costs(report: &Value) -> i64 {
    report["results"].as_array().expect("a list").iter().map(|group| nanos(&group["total_cost"])).sum()
}

#[tokio::test]
async fn reports_in_any_groups_and_exports_add_up_to_the_requests() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    world.model("test/other", &[Route::new("chutes", "standin/usage")]).await;
    let (account, stranger) = (world.account(3_000_000_000).await, world.account(3_000_000_000).await);
    let second = another_key(&world, &account, "test").await;
    let calls = async || {
        for key in [&account, &second, &stranger] {
            for model in [MODEL, "test/other"] {
                send(world.chat(&key.key, &hello(&json!({"model": model})))).await.bytes().await.expect("a body");
            }
        }
        world.settled().await;
    };
    calls().await;
    world.set_clock("2027-03-18 00:20Z").await;
    calls().await;

    let raw = async |condition: &str| {
        let sql = format!("select sum(cost) from gateway.requests where account_id = '{}' and {condition}", account.id);
        world.value(&sql).await.as_i64().expect("a sum")
    };
    let report = async |query: &str| get(&world, &account, &format!("/v1/report?{query}")).await;
    let both = "start_date=2027-03-17&end_date=2027-03-18";
    for (query, groups) in [
        ("", 2),
        ("&group_by=day", 2),
        ("&group_by=day&date_part=hour", 2),
        ("&group_by=model", 2),
        ("&group_by=provider", 2),
        ("&group_by=key", 2),
    ] {
        let report = report(&format!("{both}{query}")).await;
        assert_eq!(report["results"].as_array().map(Vec::len), Some(groups), "{query}: {report}");
        assert_eq!(costs(&report), raw("true").await, "{query}");
    }
    let of_key = format!("{both}&group_by=model&key_id={}", second.key_id);
    assert_eq!(costs(&report(&of_key).await), raw(&format!("key_id = '{}'", second.key_id)).await);
    let of_model = format!("{both}&group_by=key&model={MODEL}&provider=openrouter");
    assert_eq!(costs(&report(&of_model).await), raw(&format!("model = '{MODEL}'")).await);
    let one_day = report("start_date=2027-03-18&end_date=2027-03-18").await;
    assert_eq!(costs(&one_day), raw("finished_at >= '2027-03-18Z'").await);

    let path = format!("/v1/report?{both}&group_by=model");
    let sheet = Answer::to(world.get(&path, &account.key).header("accept", "text/csv")).await;
    assert_eq!(sheet.header("content-type"), "text/csv; charset=utf-8");
    let names = [
        "model",
        "total_cost",
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "reasoning_tokens",
        "request_count",
    ];
    let sheet = rows(&sheet.text);
    assert_eq!(sheet[0], names);
    let costs = sheet[1..].iter().map(|row| nanos(&serde_json::from_str(&row[1]).expect("a number"))).sum::<i64>();
    assert_eq!(costs, raw("true").await);

    let export = Answer::to(world.get("/user/activity/export?from=2027-03-17T00:00:00Z", &account.key)).await;
    let lines = rows(&export.text);
    let place = lines[0].iter().position(|name| name == "cost").expect("a column");
    let costs = lines[1..].iter().map(|row| nanos(&serde_json::from_str(&row[place]).expect("a number"))).sum::<i64>();
    assert_eq!((lines.len() - 1, costs), (8, raw("true").await));
    let of_key = format!("/user/activity/export?key_id={}", second.key_id);
    assert_eq!(rows(&Answer::to(world.get(&of_key, &account.key)).await.text).len() - 1, 4);

    for (query, param) in [
        ("start_date=2027-03-18&end_date=2027-03-17", "end_date"),
        ("start_date=2026-01-01&end_date=2027-03-17", "end_date"),
        ("start_date=2027-03-17&end_date=2027-03-17&group_by=model&date_part=hour", "date_part"),
    ] {
        let answer = Answer::to(world.get(&format!("/v1/report?{query}"), &account.key)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{query}");
    }
}

#[tokio::test]
async fn an_export_reads_on_until_everything_is_in_it() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    let account = world.account(0).await;
    super::record_many(&world, &account, "m", ("2027-03-16 09:00Z", "1 second"), 2101, 7).await;
    let text = Answer::to(world.get("/user/activity/export", &account.key)).await.text;
    let mut ids: Vec<_> = rows(&text)[1..].iter().map(|row| row[2].clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((text.lines().count(), ids.len()), (2102, 2101));
}
