//! The public rankings have the sums of what was used, and tell nothing of any one account.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World};

async fn ranking(world: &World, kind: &str, window: &str) -> Value {
    let answer = Answer::to(world.http.get(format!("{}/ranking/{kind}?window={window}", world.base_url))).await;
    assert!(answer.header("cache-control").contains("s-maxage"), "{:?}", answer.headers);
    answer.success()
}

/// The places: name, tokens, requests, trend.
fn places(ranking: &Value, name: &str) -> Vec<Value> {
    let places = ranking["data"].as_array().expect("a list").iter().enumerate();
    places
        .map(|(place, ranked)| {
            assert_eq!(ranked["rank"], place + 1);
            json!([ranked[name], ranked["tokens"], ranked["requests"], ranked["trend_percentage"]])
        })
        .collect()
}

/// Records requests of so many tokens that ended then.
async fn used(world: &World, account: &Account, model: &str, app: Option<&str>, at: &str, tokens: &[i64]) {
    let app = app.map_or("null".to_owned(), |app| format!("'{app}'"));
    world
        .sql(&format!(
            "insert into gateway.requests
               (call_id, account_id, key_id, model, outcome, prompt_tokens, completion_tokens, held, cost, app, created_at, finished_at)
             select gen_random_uuid(), '{}', '{}', '{model}', 'completed', tokens - 1, 1, 0, 0, {app}, '{at}', '{at}'
             from unnest('{{{}}}'::bigint[]) as tokens",
            account.id,
            account.key_id,
            tokens.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
        ))
        .await;
}

async fn roll_up(world: &World) {
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    Answer::to(world.get("/api/cron/rollups", &secret)).await.success();
}

async fn choose(world: &World, account: &Account, choice: &str) {
    let request = world.http.patch(format!("{}/user/privacy", world.base_url)).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(json!({ "ranking": choice }).to_string());
    assert_eq!(Answer::to(request).await.success()["ranking"], choice);
}

#[tokio::test]
async fn models_are_ranked_by_their_tokens_against_the_window_before() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    let empty = ranking(&world, "models", "day").await;
    assert_eq!((&empty["data"], &empty["to"]), (&json!([]), &Value::Null));
    world.model("test/other", &[Route::new("chutes", "standin/normal")]).await;
    let (one, other, shy) = (world.account(0).await, world.account(0).await, world.account(0).await);
    choose(&world, &shy, "excluded").await;
    // The window before, this one, and the hour that is not over.
    used(&world, &one, MODEL, None, "2027-03-16 11:59Z", &[100, 100]).await;
    used(&world, &one, MODEL, None, "2027-03-16 12:00Z", &[70]).await;
    used(&world, &other, MODEL, None, "2027-03-17 11:59Z", &[30]).await;
    used(&world, &other, "test/other", None, "2027-03-17 10:00Z", &[400]).await;
    used(&world, &shy, "test/other", None, "2027-03-17 10:00Z", &[7]).await;
    used(&world, &one, "test/gone", None, "2027-03-17 10:00Z", &[5_000]).await;
    used(&world, &other, MODEL, None, "2027-03-17 12:10Z", &[9_000]).await;
    roll_up(&world).await;
    let day = ranking(&world, "models", "day").await;
    assert_eq!(
        (&day["from"], &day["to"], &day["window"]),
        (&json!("2027-03-16T12:00:00+00:00"), &json!("2027-03-17T12:00:00+00:00"), &json!("day"))
    );
    let expected = [json!(["test/other", 400, 1, null]), json!([MODEL, 100, 2, -50.0])];
    assert_eq!(places(&day, "model"), expected);
    let week = ranking(&world, "models", "week").await;
    assert_eq!(places(&week, "model"), [json!(["test/other", 400, 1, null]), json!([MODEL, 300, 4, null])]);
    // To sum up again changes nothing, and no row of a request is read.
    roll_up(&world).await;
    world.sql("delete from gateway.requests").await;
    assert_eq!(ranking(&world, "models", "day").await, day);
    for (query, param) in [("window=year", "window"), ("limit=0", "limit"), ("limit=101", "limit")] {
        let answer = Answer::to(world.http.get(format!("{}/ranking/models?{query}", world.base_url))).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param);
    }
    let first = Answer::to(world.http.get(format!("{}/ranking/models?window=day&limit=1", world.base_url))).await;
    assert_eq!(first.success()["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_app_is_shown_from_five_accounts_on_or_where_all_of_them_wish_so() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    let mut accounts = Vec::new();
    for _ in 0..12 {
        accounts.push(world.account(0).await);
    }
    let at = "2027-03-17 10:00Z";
    for account in &accounts {
        used(&world, account, MODEL, Some("many"), at, &[10]).await;
    }
    for account in &accounts[..5] {
        used(&world, account, MODEL, Some("five"), at, &[10]).await;
    }
    for account in &accounts[..4] {
        used(&world, account, MODEL, Some("four"), at, &[100]).await;
        // Five over two days, and no more than four in either.
        used(&world, account, MODEL, Some("in all five"), "2027-03-16 10:00Z", &[1]).await;
    }
    used(&world, &accounts[4], MODEL, Some("in all five"), at, &[1]).await;
    choose(&world, &accounts[6], "named").await;
    used(&world, &accounts[6], MODEL, Some("wishes so"), at, &[7]).await;
    used(&world, &accounts[6], MODEL, Some("one of two wishes so"), at, &[1_000]).await;
    used(&world, &accounts[7], MODEL, Some("one of two wishes so"), at, &[1_000]).await;
    roll_up(&world).await;
    let shown = |ranking: &Value| -> Vec<Value> {
        ranking["data"].as_array().expect("a list").iter().map(|app| app["app"].clone()).collect()
    };
    let day = ranking(&world, "apps", "day").await;
    assert_eq!(shown(&day), ["many", "five", "wishes so"]);
    assert_eq!(day["data"][0]["tokens"], 120);
    assert_eq!(shown(&ranking(&world, "apps", "week").await), ["many", "five", "wishes so", "in all five"]);
    // However many accounts an app has, no more are kept than it takes.
    let kept = "select count(*) from gateway.ranking_accounts where app = 'many'";
    assert_eq!(world.value(kept).await, 10);
    // Who does not want to be counted any longer stands nowhere.
    choose(&world, &accounts[0], "excluded").await;
    assert_eq!(shown(&ranking(&world, "apps", "day").await), ["many", "wishes so"]);
    let of_one = format!("select count(*) from gateway.ranking_accounts where account_id = '{}'", accounts[0].id);
    assert_eq!(world.value(&of_one).await, 0);
}

#[tokio::test]
async fn whoever_leaves_the_rankings_shows_nobodys_app_by_that() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    let mut accounts = Vec::new();
    for _ in 0..7 {
        accounts.push(world.account(0).await);
    }
    let [alone, deleted, four @ .., named] = &accounts[..] else { panic!("seven accounts") };
    let at = "2027-03-17 10:00Z";
    used(&world, alone, MODEL, Some("alone"), at, &[1_000]).await;
    used(&world, deleted, MODEL, Some("of one who left"), at, &[1_000]).await;
    for account in four {
        used(&world, account, MODEL, Some("of four"), at, &[100]).await;
    }
    choose(&world, named, "named").await;
    for account in [named, alone] {
        used(&world, account, MODEL, Some("one of two wishes so"), at, &[10]).await;
    }
    used(&world, named, MODEL, Some("wishes so"), at, &[1]).await;
    // Of the hour that is not over.
    used(&world, deleted, MODEL, Some("wishes so"), "2027-03-17 12:10Z", &[500]).await;
    roll_up(&world).await;
    let shown = async || -> Vec<Value> {
        let day = ranking(&world, "apps", "day").await;
        day["data"].as_array().expect("a list").iter().map(|app| app["app"].clone()).collect()
    };
    assert_eq!(shown().await, ["wishes so"]);
    for account in four.iter().chain([alone]) {
        choose(&world, account, "excluded").await;
    }
    let farewell = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&deleted.key);
    Answer::to(farewell.json(&json!({"confirmation": "DELETE_ACCOUNT"}))).await.success();
    assert_eq!(shown().await, ["wishes so"]);
    let theirs =
        format!("select count(*) from gateway.ranking_accounts where account_id in ('{}', '{}')", alone.id, deleted.id);
    assert_eq!(world.value(&theirs).await, 0);
    world.set_clock("2027-03-17 13:50Z").await;
    roll_up(&world).await;
    assert_eq!(shown().await, ["wishes so"]);
    assert_eq!(ranking(&world, "models", "day").await["data"][0]["tokens"], 2_421);
    choose(&world, named, "excluded").await;
    assert!(shown().await.is_empty());
}

#[tokio::test]
async fn an_hour_adds_a_hundred_names_at_most_and_old_hours_go() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:50Z").await;
    let account = world.account(0).await;
    world
        .sql(&format!(
            "insert into gateway.ranking_hours values ('model', '2027-01-01 00:00Z', 'old', 1, 1);
             insert into gateway.ranking_accounts values ('old', '{0}', '2027-01-01 00:00Z');
             insert into gateway.requests
               (call_id, account_id, key_id, model, outcome, held, cost, app, created_at, finished_at)
             select gen_random_uuid(), '{0}', '{1}', 'm', 'completed', 0, 0, 'app-' || i, at, at
             from generate_series(1, 300) as i, (values ('2027-03-17 10:00Z'::timestamptz)) as t (at)",
            account.id, account.key_id
        ))
        .await;
    roll_up(&world).await;
    let kept = "select jsonb_build_array((select count(*) from gateway.ranking_hours where kind = 'app'),
                  (select count(*) from gateway.ranking_accounts),
                  (select count(*) from gateway.ranking_hours where name = 'old'))";
    assert_eq!(world.value(kept).await, json!([100, 100, 0]));
}
