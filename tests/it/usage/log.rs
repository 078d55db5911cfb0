//! Requests one by one.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello, nanos, send};

use super::{another_key, get, record_many};

fn ids(page: &Value) -> Vec<String> {
    assert_eq!(page["object"], "list");
    let id = |request: &Value| request["call_id"].as_str().expect("an id").to_owned();
    page["data"].as_array().expect("data").iter().map(id).collect()
}

/// The ids of all requests that fulfil a condition, the newest first.
async fn raw(world: &World, account: &Account, condition: &str) -> Vec<String> {
    let sql = format!(
        "select coalesce(jsonb_agg(call_id order by finished_at desc, call_id desc), '[]') from gateway.requests
         where account_id = '{}' and {condition}",
        account.id
    );
    serde_json::from_value(world.value(&sql).await).expect("ids")
}

/// Every page of a query, one after the other; `between` is done after each.
async fn pages(world: &World, account: &Account, query: &str, mut between: impl AsyncFnMut()) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let page = get(world, account, &format!("/user/activity/log?{query}{cursor}")).await;
        seen.extend(ids(&page));
        between().await;
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            return seen;
        };
        assert_eq!(page["has_more"], true);
        cursor = format!("&cursor={next}");
    }
    panic!("the pages never end");
}

#[tokio::test]
async fn the_log_says_everything_of_a_request() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model("test/usage", &[Route::new("chutes", "standin/usage")]).await;
    let request = world
        .chat(
            &account.key,
            &hello(&json!({"model": "test/usage", "stream": true, "user": "ann", "metadata": {"a": "b"}})),
        )
        .header("x-request-id", "my-own-name")
        .header("x-title", "My app")
        .header("x-gateway-tag", "web");
    send(request).await.bytes().await.expect("a body");
    world.settled().await;
    let page = get(&world, &account, "/user/activity/log").await;
    let [logged] = &page["data"].as_array().expect("data")[..] else { panic!("{page}") };
    let row = world.value("select to_jsonb(r) from gateway.requests r").await;
    for (name, value) in row.as_object().expect("a row") {
        match name.as_str() {
            // Whose it is, the caller knows; what was reserved, nobody asks for afterwards. What came of it is a detail's to tell.
            "account_id" | "held" | "markup" | "answer_id" | "finish_reason" | "asked_ms" | "attempts"
            | "prompt_price" | "cached_price" | "completion_price" | "price" => {
                assert!(logged.get(name).is_none(), "{name}")
            }
            "end_user" => assert_eq!(logged["user"], *value),
            "tags" => assert_eq!((value, &logged[name]), (&json!(["web"]), &json!(["web"]))),
            // Nothing but tokens of text.
            "units" => assert_eq!((value, &logged[name]), (&Value::Null, &json!({}))),
            "cost" => assert_eq!(json!(nanos(&logged["cost"])), *value),
            _ => assert_eq!(logged[name], *value, "{name}"),
        }
    }
    assert_eq!((&logged["request_id"], &logged["outcome"]), (&json!("my-own-name"), &json!("completed")));
    assert_eq!(
        (&logged["prompt_tokens"], &logged["cached_tokens"], &logged["completion_tokens"]),
        (&json!(100), &json!(20), &json!(50))
    );
    assert_eq!(logged["stream"], true);
}

#[tokio::test]
async fn the_pages_hold_every_request_once_while_new_ones_arrive() {
    let world = World::start().await;
    let account = world.account(10_000_000_000).await;
    // Many of one moment: they are told apart by their ids.
    record_many(&world, &account, "test/old", ("2027-03-17 12:00Z", "0 s"), 12, 0).await;
    record_many(&world, &account, "test/old", ("2027-03-17 13:00Z", "1 microsecond"), 13, 0).await;
    let all = raw(&world, &account, "true").await;
    assert_eq!(all.len(), 25);
    world.set_clock("2027-03-17 14:00Z").await;
    for limit in [1, 2, 7, 24, 25, 26] {
        let seen = pages(&world, &account, &format!("limit={limit}&to=2027-03-17T14:00:00Z"), async || {
            world.completion(&account.key, &hello(&json!({}))).await;
        })
        .await;
        assert_eq!(seen, all, "{limit} a page");
    }
    world.settled().await;
    // The same without an end: what came after the first page is not among the later ones.
    let before = raw(&world, &account, "true").await;
    assert!(before.len() > 50, "{}", before.len());
    world.set_clock("2027-03-17 14:30Z").await;
    let seen = pages(&world, &account, "limit=10", async || {
        world.completion(&account.key, &hello(&json!({}))).await;
        world.settled().await;
    })
    .await;
    assert_eq!(seen, before);
}

#[tokio::test]
async fn requests_are_found_by_model_provider_key_outcome_and_time() {
    let world = World::start().await;
    let account = world.account(10_000_000_000).await;
    let test = another_key(&world, &account, "test").await;
    world.model("test/other", &[Route::new("chutes", "standin/normal")]).await;
    world.model("test/fails", &[Route::new("portkey", "standin/status?code=500")]).await;
    for (hour, key) in [(10, &account), (11, &test), (12, &account)] {
        world.set_clock(&format!("2027-03-17 {hour}:00Z")).await;
        for model in [MODEL, "test/other", "test/fails"] {
            send(world.chat(&key.key, &hello(&json!({"model": model})))).await.bytes().await.expect("a body");
        }
        world.settled().await;
    }
    let key = test.key_id;
    for (query, condition) in [
        (String::new(), "true".to_owned()),
        ("model=test/other".to_owned(), "model = 'test/other'".to_owned()),
        ("model=test%2Fmodel".to_owned(), "model = 'test/model'".to_owned()),
        ("provider=chutes".to_owned(), "provider = 'chutes'".to_owned()),
        (format!("key_id={key}"), format!("key_id = '{key}'")),
        ("outcome=failed".to_owned(), "outcome = 'failed'".to_owned()),
        ("outcome=client_left".to_owned(), "false".to_owned()),
        (
            format!("outcome=completed&model=test/other&key_id={key}"),
            format!("model = 'test/other' and key_id = '{key}'"),
        ),
        ("from=2027-03-17T11:00:00Z".to_owned(), "finished_at >= '2027-03-17 11:00Z'".to_owned()),
        ("to=2027-03-17T11:00:00Z".to_owned(), "finished_at < '2027-03-17 11:00Z'".to_owned()),
        (
            "from=2027-03-17T10:30:00Z&to=2027-03-17T11:00:00.000001Z".to_owned(),
            "finished_at = '2027-03-17 11:00Z'".to_owned(),
        ),
        ("from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z".to_owned(), "true".to_owned()),
        ("from=2027-03-18T00:00:00Z&to=2027-03-16T00:00:00Z".to_owned(), "false".to_owned()),
    ] {
        let wanted = raw(&world, &account, &condition).await;
        assert!(!wanted.is_empty() || condition == "false", "{query} proves nothing");
        assert_eq!(ids(&get(&world, &account, &format!("/user/activity/log?{query}")).await), wanted, "{query}");
        assert_eq!(pages(&world, &account, &format!("limit=2&{query}"), async || {}).await, wanted, "{query} in pages");
    }
}

#[tokio::test]
async fn a_rare_request_is_found_beyond_what_a_page_looks_through() {
    let world = World::start().await;
    let account = world.account(0).await;
    record_many(&world, &account, "test/rare", ("2027-01-01 00:00Z", "1 s"), 3, 0).await;
    record_many(&world, &account, "test/usual", ("2027-01-02 00:00Z", "1 s"), 12_000, 0).await;
    record_many(&world, &account, "test/rare", ("2027-01-03 00:00Z", "1 s"), 2, 0).await;
    let rare = raw(&world, &account, "model = 'test/rare'").await;
    assert_eq!(rare.len(), 5);
    for limit in [1, 2, 50] {
        let mut looks = 0;
        let seen = pages(&world, &account, &format!("limit={limit}&model=test/rare"), async || looks += 1).await;
        assert_eq!(seen, rare, "{limit} a page");
        assert!((3..=9).contains(&looks), "{looks} pages of {limit}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_by_name() {
    let world = World::start().await;
    let account = world.account(0).await;
    for path in ["/user/activity/log", "/user/api-keys/usage"] {
        for cursor in ["", "abc", "1", "1-2", "-1-0193a5b0-7c3e-7000-8000-000000000001"] {
            let answer = Answer::to(world.get(&format!("{path}?cursor={cursor}"), &account.key)).await;
            assert_eq!(answer.refused(400, "invalid_request")["param"], "cursor", "{path} {cursor}");
        }
    }
}
