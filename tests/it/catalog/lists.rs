//! Providers' own lists of models: whatever one says, no hold has a price that nobody has looked at.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, Route, World, hello, send};
use tokio::net::TcpListener;

/// What the list is at the moment.
type List = Arc<Mutex<(StatusCode, String)>>;

async fn answer(State(list): State<List>, headers: HeaderMap) -> Response {
    assert!(headers.contains_key("authorization"));
    list.lock().unwrap_or_else(PoisonError::into_inner).clone().into_response()
}

/// A provider that has nothing but a list, its address, and a gateway that takes it for OpenRouter.
async fn gateway(world: &World) -> (List, String) {
    let list: List = Arc::new(Mutex::new((StatusCode::OK, "{}".to_owned())));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/models", get(answer)).with_state(list.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let gateway = world.another_gateway_with(&[("OPENROUTER_BASE_URL", &address)]).await;
    (list, gateway)
}

fn priced(prompt: &str, completion: &str) -> String {
    json!({"data": [{"id": "standin/usage", "pricing": {"prompt": prompt, "completion": completion}}]}).to_string()
}

async fn ask(world: &World, base: &str, admin: &Account, method: &str, path: &str, body: Value) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.http.request(method, format!("{base}{path}")).bearer_auth(&admin.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn whatever_a_list_says_a_call_costs_what_was_looked_at() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000_000).await);
    let (list, base) = gateway(&world).await;
    world.model("test/listed", &[Route::new("openrouter", "standin/usage")]).await;
    // Of nothing else there is anything to be read.
    world.sql("delete from gateway.models where id <> 'test/listed'").await;
    let say = |status: StatusCode, text: String| {
        *list.lock().unwrap_or_else(PoisonError::into_inner) = (status, text);
    };
    let refresh = async || -> Value {
        let read = ask(&world, &base, &admin, "POST", "/admin/refresh-models", json!({})).await.success();
        let lists = read["providers"].as_array().expect("providers").clone();
        lists.into_iter().find(|list| list["provider"] == "openrouter").expect("OpenRouter's")
    };
    let status = async || ask(&world, &base, &admin, "GET", "/admin/catalog-status", Value::Null).await.success();
    let cost = async || {
        world.completion(&account.key, &hello(&json!({"model": "test/listed", "max_tokens": 100}))).await;
        world.settled().await;
        world.value("select cost from gateway.requests order by finished_at desc limit 1").await
    };
    // 100 prompt tokens, of which 20 were cached, and 50 of completion.
    let at = |prompt: i64, completion: i64| json!(80 * prompt + 20 * 500 + 50 * completion);
    assert_eq!(cost().await, at(1_000, 2_000));

    // A fifth more holds at once.
    say(StatusCode::OK, priced("0.0000012", "0.000002"));
    assert_eq!(refresh().await["changed"], 1);
    assert_eq!(cost().await, at(1_200, 2_000));

    let far = |text: String| (StatusCode::OK, text, true, None::<&str>);
    let unread = |text: &str, problem| (StatusCode::OK, text.to_owned(), false, Some(problem));
    let entry = |entry: &str| format!(r#"{{"data":[{{"id":"standin/usage"{entry}}}]}}"#);
    let many = |count: usize| {
        let names: Vec<Value> = (0..count).map(|place| json!({"id": format!("model-{place}")})).collect();
        json!({"data": names}).to_string()
    };
    for (code, text, waits, problem) in [
        far(priced("0.000012", "0.00002")),
        far(priced("0", "0.000002")),
        far(priced("0", "0")),
        far(priced("0.0000001", "0.000002")),
        far(priced("0.0000012", "0.00002")),
        unread(&priced("-0.000001", "0.000002"), ""),
        unread(&priced("-1", "-1"), ""),
        unread(&priced("free", "cheap"), ""),
        unread(&priced("1e300", "0"), ""),
        unread(&entry(""), ""),
        unread(&entry(r#","pricing":null"#), ""),
        unread(&entry(r#","pricing":{}"#), ""),
        unread(&entry(r#","pricing":"cheap""#), ""),
        unread(&many(10_000), ""),
        unread(&many(10_001), "the list has more than 10000 models"),
        unread("<html>", "the list is not JSON"),
        unread("[[[[", "the list is not JSON"),
        unread("null", "it is no list of models"),
        unread(r#"{"data":[]}"#, "the list names no model"),
        unread(&format!(r#"{{"data":"{}"}}"#, "x".repeat(5 << 20)), "the list is longer than 5 MB"),
        (StatusCode::BAD_GATEWAY, priced("0.1", "0.1"), false, Some("it answers with an error")),
    ] {
        let what: String = text.chars().take(120).collect();
        say(code, text);
        let read = refresh().await;
        assert_eq!(read["changed"], json!(0), "{what}: {read}");
        assert_eq!(read["waiting"], json!(i64::from(waits)), "{what}: {read}");
        assert_eq!(read["problem"].as_str().unwrap_or_default(), problem.unwrap_or_default(), "{what}");
        assert_eq!(cost().await, at(1_200, 2_000), "{what}");
    }
    // Whatever is wrong with a list, what was found before it still waits.
    let shown = status().await;
    assert_eq!(shown["waiting"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["waiting"][0]["proposed"]["completion"], json!(20), "{shown}");
    let of_list = shown["providers"].as_array().expect("lists").iter().find(|list| list["provider"] == "openrouter");
    assert_eq!(of_list.expect("a list")["problem"], "it answers with an error");
    let states = world.value("select jsonb_object_agg(state, count) from (select state, count(*) from gateway.price_changes group by 1) as s").await;
    assert_eq!(states, json!({"waiting": 1, "superseded": 4}));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_administrator_takes_a_price_or_does_not_and_calls_that_run_keep_theirs() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000_000).await);
    let (list, base) = gateway(&world).await;
    world.model("test/listed", &[Route::new("openrouter", "standin/usage")]).await;
    world.model("test/slow", &[Route::new("openrouter", "standin/slow?ms=20&chunks=20")]).await;
    world.sql("delete from gateway.models where id not in ('test/listed', 'test/slow')").await;
    let say = |text: String| list.lock().unwrap_or_else(PoisonError::into_inner).1 = text;
    let cron = world.platform.variables()["CRON_SECRET"].clone();
    let sync = async || {
        let request = world.http.get(format!("{base}/api/cron/sync-models")).bearer_auth(&cron);
        let read = Answer::to(request).await.success();
        let lists = read["providers"].as_array().expect("providers").clone();
        lists.into_iter().find(|list| list["provider"] == "openrouter").expect("OpenRouter's")
    };
    let status = async || ask(&world, &base, &admin, "GET", "/admin/catalog-status", Value::Null).await.success();
    let decide = async |id: &Value, decision: &str| {
        let path = format!("/admin/price-changes/{}", id.as_str().expect("an id"));
        ask(&world, &base, &admin, "POST", &path, json!({"decision": decision})).await
    };
    let price =
        async || world.value("select prompt_price from gateway.model_routes where model_id = 'test/listed'").await;

    say(priced("0.00001", "0.000002"));
    assert_eq!(sync().await["waiting"], 1);
    let shown = status().await;
    assert_eq!(shown["vanished"][0]["model"], "test/slow", "{shown}");
    assert_eq!(
        (&shown["drift"][0]["price"]["prompt"], &shown["drift"][0]["listed"]["prompt"]),
        (&json!(1), &json!(10))
    );
    let id = shown["waiting"][0]["id"].clone();
    // The same list asks nothing twice, and what was rejected is not asked about again.
    assert_eq!(sync().await["waiting"], 0);
    assert_eq!(status().await["waiting"][0]["id"], id);
    assert_eq!(decide(&id, "reject").await.success()["state"], "rejected");
    decide(&id, "approve").await.refused(409, "price_change_decided");
    assert_eq!(sync().await["waiting"], 0);
    assert_eq!(price().await, json!(1_000_000_000));

    // What has been looked at is what is taken: not if the price has become another since.
    say(priced("0.00002", "0.000002"));
    assert_eq!(sync().await["waiting"], 1);
    let id = status().await["waiting"][0]["id"].clone();
    world.sql("update gateway.model_routes set prompt_price = 1000000001 where model_id = 'test/listed'").await;
    decide(&id, "approve").await.refused(409, "price_change_decided");
    assert_eq!(sync().await["waiting"], 1);
    let id = status().await["waiting"][0]["id"].clone();
    assert_eq!(decide(&id, "approve").await.success()["state"], "approved");
    assert_eq!(price().await, json!(20_000_000_000_i64));
    decide(&json!(uuid::Uuid::new_v4().to_string()), "approve").await.refused(404, "price_change_not_found");

    // An administrator's own price no list changes, however near.
    let mine = json!({"model": "test/listed", "provider": "openrouter", "price": {"prompt": 21, "completion": 2}});
    ask(&world, &base, &admin, "PUT", "/admin/routes", mine).await.success();
    let read = sync().await;
    assert_eq!((&read["changed"], &read["waiting"]), (&json!(0), &json!(1)));
    let shown = status().await;
    assert_eq!(shown["waiting"][0]["reason"], "the price is an administrator's");
    assert_eq!(shown["routes"]["by_admin"], 1);

    // A call that has begun is charged as its hold says.
    let request = hello(&json!({"model": "test/slow", "stream": true}));
    let mut running = send(world.chat(&account.key, &request)).await;
    running.chunk().await.expect("a first byte").expect("a first byte");
    let entries = json!({"data": [{"id": "standin/slow?ms=20&chunks=20",
                                   "pricing": {"prompt": "0.0000014", "completion": "0.0000029"}}]});
    say(entries.to_string());
    assert_eq!(sync().await["changed"], 1);
    while running.chunk().await.expect("the rest").is_some() {}
    world.settled().await;
    let call = world.newest_call().await;
    assert_eq!(call["cost"], json!(tests::world::price_of(&call)), "{call}");

    let trail = world
        .value(&format!(
            "select jsonb_agg(action order by id) from gateway.audit_logs where actor_account_id = '{}' and action ~ '^(route|price_change)'",
            admin.id
        ))
        .await;
    assert_eq!(trail, json!(["price_change.reject", "price_change.approve", "route.set"]));
    world.assert_ledger_clean().await;
}
