//! A call that runs is found from its admission on, by whoever may see it, and under the same ids it is the finished request afterwards.

use serde_json::{Value, json};
use shared::generation_id;
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, MODEL, World, hello, nanos, send};

async fn get(world: &World, account: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &account.key)).await.success()
}

#[tokio::test]
async fn a_running_call_is_found_by_its_ids_and_is_the_finished_request_afterwards() {
    let world = World::start().await;
    let (account, other) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    let (admin, stranger) = (world.administrator().await, world.another_key(&account, "{inference}").await);
    let gate = world.platform.providers.control().gate();
    let calling = |body: Value| {
        let request = world.chat(&account.key, &hello(&body)).header("x-request-id", "mine-17");
        tokio::spawn(async move { send(request).await.text().await.expect("a body") })
    };
    let first = calling(json!({}));
    certain("the call at the provider", gate.wait_for(1)).await;
    let call = world.value("select to_jsonb(call_id) from gateway.holds where state = 'open'").await;
    let call = call.as_str().expect("a call").to_owned();
    let held = world.value("select to_jsonb(amount) from gateway.holds where state = 'open'").await;

    let generation = generation_id::write(call.parse().expect("a UUID"));
    for name in [call.as_str(), generation.as_str(), "mine-17"] {
        let own = get(&world, &account, &format!("/user/activity/log/{name}")).await;
        let operators = get(&world, &admin, &format!("/admin/requests/{name}")).await;
        for detail in [&own, &operators] {
            let request = &detail["request"];
            let told = ["status", "call_id", "request_id", "key_id", "model", "outcome", "finished_at", "provider"];
            assert_eq!(
                told.map(|member| request[member].clone()),
                [
                    json!("running"),
                    json!(call),
                    json!("mine-17"),
                    json!(account.key_id),
                    json!(MODEL),
                    Value::Null,
                    Value::Null,
                    Value::Null
                ],
                "{detail}"
            );
            assert_eq!((json!(nanos(&request["held"])), nanos(&request["cost"])), (held.clone(), 0), "{detail}");
            assert!(request["age_ms"].as_i64().is_some_and(|age| age >= 0), "{detail}");
            assert_eq!((&detail["attempts"], &detail["costs"]), (&json!([]), &json!([])), "{detail}");
        }
        assert_eq!(operators["request"]["account_id"], json!(account.id));
        // Nobody else's, and not with a key that sees no usage.
        let path = format!("/user/activity/log/{name}");
        Answer::to(world.get(&path, &other.key)).await.refused(404, "request_not_found");
        Answer::to(world.get(&path, &admin.key)).await.refused(404, "request_not_found");
        Answer::to(world.get(&path, &stranger.key)).await.refused(403, "insufficient_scope");
        let path = format!("/admin/requests/{name}");
        Answer::to(world.get(&path, &account.key)).await.refused(403, "insufficient_scope");
    }
    let ids = |list: &Value| -> Vec<Value> {
        list["data"].as_array().expect("a list").iter().map(|it| json!([it["call_id"], it["status"]])).collect()
    };
    let running = json!([call, "running"]);
    for (query, seen) in [
        (format!("id={call}"), true),
        ("id=mine-17".to_owned(), true),
        ("status=running".to_owned(), true),
        (format!("status=running&account_id={}&key_id={}&model={MODEL}", account.id, account.key_id), true),
        (format!("status=running&account_id={}", other.id), false),
        ("status=running&model=test/other".to_owned(), false),
        (format!("status=finished&id={call}"), false),
        (String::new(), false),
    ] {
        let list = get(&world, &admin, &format!("/admin/requests?{query}")).await;
        assert_eq!(ids(&list), if seen { vec![running.clone()] } else { vec![] }, "{query}");
    }
    Answer::to(world.get("/admin/requests?status=swept", &admin.key)).await.refused(400, "invalid_request");

    // Several that run are paged through, the newest first; what is finished comes behind them where an id asks for both.
    let second = calling(json!({"max_tokens": 9}));
    certain("the call at the provider", gate.wait_for(2)).await;
    let page = get(&world, &admin, "/admin/requests?status=running&limit=1").await;
    assert_eq!(page["has_more"], true, "{page}");
    let next = page["next_cursor"].as_str().expect("a cursor");
    let rest = get(&world, &admin, &format!("/admin/requests?status=running&limit=1&cursor={next}")).await;
    assert_eq!((ids(&rest), rest["has_more"].as_bool()), (vec![running], Some(false)));

    gate.release();
    first.await.expect("an answer");
    second.await.expect("an answer");
    world.settled().await;
    for name in [call.as_str(), generation.as_str()] {
        let own = get(&world, &account, &format!("/user/activity/log/{name}")).await;
        let request = &own["request"];
        assert_eq!((&request["status"], &request["outcome"]), (&json!("finished"), &json!("completed")), "{own}");
        assert_eq!((&request["call_id"], &request["age_ms"]), (&json!(call), &Value::Null));
        assert!(request["finished_at"].is_string() && request.get("held").is_none(), "{own}");
        let operators = get(&world, &admin, &format!("/admin/requests/{name}")).await;
        assert_eq!(json!(nanos(&operators["request"]["held"])), held);
    }
    assert_eq!(ids(&get(&world, &admin, "/admin/requests?status=running").await), Vec::<Value>::new());
    let both = get(&world, &admin, "/admin/requests?id=mine-17").await;
    assert_eq!(both["data"].as_array().map(Vec::len), Some(2), "{both}");
}

#[tokio::test]
async fn a_call_that_is_begun_in_any_way_can_be_found_and_one_that_was_swept_says_so() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let admin = world.administrator().await;
    // With budgets of end users no call is a usual one.
    let budget = json!({"user": "bob", "budget": {"amount": 1, "period": "day"}});
    let put = world.http.put(format!("{}/user/end-users", world.base_url)).bearer_auth(&account.key);
    Answer::to(put.header("content-type", "application/json").body(budget.to_string())).await.success();
    let gate = world.platform.providers.control().gate();
    let request = world.chat(&account.key, &hello(&json!({"user": "bob"}))).header("x-request-id", "theirs");
    let calling = tokio::spawn(async move { send(request).await.text().await });
    certain("the call at the provider", gate.wait_for(1)).await;
    let detail = get(&world, &account, "/user/activity/log/theirs").await;
    let request = &detail["request"];
    assert_eq!(
        (&request["status"], &request["model"], &request["user"]),
        (&json!("running"), &json!(MODEL), &json!("bob"))
    );
    let call = request["call_id"].as_str().expect("an id").to_owned();
    world.sql("update gateway.holds set state = 'swept'").await;
    for path in [format!("/user/activity/log/{call}"), format!("/admin/requests/{call}")] {
        let reader = if path.starts_with("/admin") { &admin } else { &account };
        assert_eq!(get(&world, reader, &path).await["request"]["status"], "swept", "{path}");
    }
    let running = get(&world, &admin, "/admin/requests?status=running").await;
    assert_eq!(running["data"], json!([]));
    world.sql("update gateway.holds set state = 'open'").await;
    gate.release();
    calling.await.expect("a task").expect("an answer");
    world.settled().await;
    // What never went to a provider leaves a tombstone, which is no request.
    let tombstone = uuid::Uuid::now_v7();
    world
        .sql(&format!(
            "insert into gateway.holds (call_id, account_id, key_id, request_id, state, created_at, expires_at)
             values ('{tombstone}', '{}', '{}', 'gone', 'tombstone', gateway.now(), gateway.now())",
            account.id, account.key_id
        ))
        .await;
    for name in [tombstone.to_string(), "gone".to_owned()] {
        let path = format!("/user/activity/log/{name}");
        Answer::to(world.get(&path, &account.key)).await.refused(404, "request_not_found");
    }
}
