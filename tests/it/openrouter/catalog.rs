//! The catalog as OpenRouter's clients list, count and look it up.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{MODEL, Route, World, hello};

use super::{get, refused};

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().expect("models").iter().filter_map(|model| model["id"].as_str()).collect()
}

#[tokio::test]
async fn models_are_listed_counted_narrowed_and_looked_up() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    world
        .model("test/second", &[Route::new("portkey", "standin/normal"), Route::new("openrouter", "standin/normal")])
        .await;
    world.model("test/vectors", &[Route::new("openrouter", "standin/normal")]).await;
    world
        .sql(
            "update gateway.models set kind = 'embedding', output_modalities = '{embeddings}' where id = 'test/vectors';
             update gateway.models set input_modalities = '{text}' where id <> 'test/second';
             update gateway.models set reasoning = true where id = 'test/second'",
        )
        .await;
    // What cannot be used is not shown: nobody could read its price.
    world.model("test/unpriced", &[Route::new("openrouter", "standin/normal")]).await;
    world.sql("update gateway.model_routes set prompt_price = null where model_id = 'test/unpriced'").await;
    let list = async |query: &str| get(&world, &format!("/models{query}"), &owner).await.success();
    let all = list("").await;
    let mut wanted = vec![MODEL, "test/second"];
    wanted.sort_unstable();
    assert_eq!((ids(&all), &all["total_count"], &all["links"]["next"]), (wanted.clone(), &json!(2), &Value::Null));
    for (query, found) in [
        ("?output_modalities=all", 3),
        ("?output_modalities=embeddings", 1),
        ("?input_modalities=text,image", 1),
        ("?supported_parameters=reasoning,tools", 1),
        ("?q=SECOND", 1),
        ("?category=programming&sort=price", 2),
    ] {
        assert_eq!(ids(&list(query).await).len(), found, "{query}");
        let count = get(&world, &format!("/models/count{query}"), &owner).await.success();
        assert_eq!(count["data"]["count"], json!(found), "{query}");
    }
    let page = list("?limit=1").await;
    assert_eq!((ids(&page), &page["total_count"]), (vec![wanted[0]], &json!(2)));
    let next = page["links"]["next"].as_str().expect("a next page").trim_start_matches("/api/v1").to_owned();
    let next = get(&world, &next, &owner).await.success();
    assert_eq!((ids(&next), &next["links"]["next"]), (vec![wanted[1]], &Value::Null));
    let embeddings = get(&world, "/embeddings/models", &owner).await.success();
    assert_eq!(ids(&embeddings), ["test/vectors"]);
    // At OpenAI's base URL the list is OpenAI's.
    let openais = Answer::to(world.get("/v1/models", &owner.key)).await.success();
    assert_eq!((&openais["object"], openais.get("total_count")), (&json!("list"), None));
    // A key that may use some sees those.
    world.change_key(&owner, "allowed_models = '{test/second}'").await;
    assert_eq!(ids(&get(&world, "/models/user", &owner).await.success()), ["test/second"]);
    // One by one.
    let one = get(&world, "/model/test/second", &owner).await.success();
    assert_eq!(one["data"]["id"], "test/second");
    let routes = get(&world, "/models/test/second/endpoints", &owner).await.success()["data"].clone();
    let tags: Vec<&Value> = routes["endpoints"].as_array().expect("routes").iter().map(|route| &route["tag"]).collect();
    assert_eq!((&routes["id"], tags.len()), (&json!("test/second"), 2));
    assert!(routes["endpoints"][0]["pricing"]["prompt"].is_string(), "{routes}");
    for path in ["/model/test/nothing", "/models/test/nothing/endpoints", "/models/test/nothing"] {
        refused(&get(&world, path, &owner).await, 404, "model_not_found");
    }
    let providers = get(&world, "/providers", &owner).await.success();
    let slugs: Vec<&Value> = providers["data"].as_array().expect("providers").iter().map(|one| &one["slug"]).collect();
    assert_eq!(slugs, ["openrouter", "portkey"]);
}

#[tokio::test]
async fn a_call_is_found_by_either_of_its_names_and_by_nobody_else() {
    let world = World::start().await;
    let (owner, stranger) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    let answer = Answer::to(world.chat(&owner.key, &hello(&json!({})))).await;
    let (name, body) = (answer.header("x-generation-id").to_owned(), answer.success());
    world.settled().await;
    let id = body["id"].as_str().expect("an id");
    let call = get(&world, &format!("/generation?id={name}"), &owner).await.success()["data"].clone();
    assert_eq!(get(&world, &format!("/generation?id={id}"), &owner).await.success()["data"], call);
    assert_eq!((&call["id"], &call["upstream_id"]), (&json!(name), &json!(id)));
    assert_eq!(call["total_cost"].as_f64(), body["usage"]["cost"].as_f64());
    assert_eq!((&call["tokens_prompt"], &call["finish_reason"]), (&body["usage"]["prompt_tokens"], &json!("stop")));
    // A key without `usage:read` sees its own calls only.
    let narrow = world.another_key(&owner, "inference").await;
    let own = Answer::to(world.chat(&narrow.key, &hello(&json!({ "stream": true })))).await;
    let (own_name, own_id) = (own.header("x-generation-id").to_owned(), own.events()[0]["id"].clone());
    world.settled().await;
    let own = get(&world, &format!("/generation?id={own_name}"), &narrow).await.success()["data"].clone();
    assert_eq!((&own["streamed"], &own["upstream_id"]), (&json!(true), &own_id));
    for (by, id) in
        [(&narrow, name.as_str()), (&narrow, id), (&stranger, name.as_str()), (&stranger, id), (&owner, "gen-nothing")]
    {
        refused(&get(&world, &format!("/generation?id={id}"), by).await, 404, "generation_not_found");
    }
    refused(&get(&world, "/generation?id=a%20b", &owner).await, 400, "invalid_request");
}

#[tokio::test]
async fn what_was_said_in_a_call_is_told_where_its_account_keeps_it() {
    let world = World::start().await;
    let (owner, stranger) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    let content =
        async |by: &tests::world::Account, id: &str| get(&world, &format!("/generation/content?id={id}"), by).await;
    let ask = async |path: &str, body: Value| {
        let answer = Answer::to(world.post(path, &owner.key, &body)).await;
        let name = answer.header("x-generation-id").to_owned();
        (name, answer.success())
    };
    // Neither a chat nor a response that is stored.
    let (name, _) = ask("/v1/chat/completions", hello(&json!({}))).await;
    world.settled().await;
    refused(&content(&owner, &name).await, 404, "generation_not_found");
    let chat = Answer::to(world.post("/v1/chat/sessions", &owner.key, &json!({}))).await.success();
    let turn = format!("/v1/chat/completions?session_id={}", chat["id"].as_str().expect("an id"));
    let (first, _) = ask(&turn, hello(&json!({}))).await;
    let (second, body) = ask(&turn, hello(&json!({}))).await;
    let (response, answered) = ask("/v1/responses", json!({ "model": MODEL, "input": "Say it", "store": true })).await;
    world.settled().await;
    for name in [&first, &second] {
        let said = content(&owner, name).await.success()["data"].clone();
        assert_eq!(said["input"]["messages"], hello(&json!({}))["messages"], "of this turn alone");
        assert_eq!(said["output"]["completion"], body["choices"][0]["message"]["content"]);
    }
    let said = content(&owner, &response).await.success()["data"].clone();
    assert!(said["input"]["messages"].to_string().contains("Say it"), "{said}");
    assert_eq!(
        said["output"]["completion"],
        answered["output"].as_array().expect("items").last().expect("a message")["content"][0]["text"]
    );
    // It is no matter of who may see what was used.
    let curious = world.another_key(&owner, "inference,usage:read").await;
    refused(&content(&curious, &first).await, 403, "insufficient_scope");
    for id in [&first, &response] {
        refused(&content(&stranger, id).await, 404, "generation_not_found");
    }
}

#[tokio::test]
async fn activity_is_of_days_that_are_over() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let cost = world.completion(&owner.key, &hello(&json!({}))).await["usage"]["cost"].clone();
    world.settled().await;
    let days = async |query: &str| get(&world, &format!("/activity{query}"), &owner).await.success()["data"].clone();
    assert_eq!(days("").await, json!([]));
    world.set_clock("2090-03-16 00:00Z").await;
    let over = days("").await;
    assert_eq!(
        (&over[0]["date"], &over[0]["model"], &over[0]["requests"]),
        (&json!("2090-03-15"), &json!(MODEL), &json!(1))
    );
    assert_eq!((over[0]["usage"].as_f64(), &over[1]), (cost.as_f64(), &Value::Null));
    assert_eq!(days(&format!("?date=2090-03-15&api_key_hash={}", owner.key_id)).await, over);
    for query in ["?date=2090-03-14", "?api_key_hash=00000000-0000-0000-0000-000000000000"] {
        assert_eq!(days(query).await, json!([]), "{query}");
    }
    world.set_clock("2090-04-16 00:00Z").await;
    assert_eq!(days("").await, json!([]));
}

#[tokio::test]
async fn what_is_listed_is_what_the_catalog_says_after_any_change() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    let route = Route::new("openrouter", "standin/normal");
    for id in ["test/first", "test/second", "test/third"] {
        world.model(id, &[route, Route { provider: "chutes", ..route }]).await;
    }
    for change in [
        "select 1",
        "update gateway.model_routes set prompt_price = 7, tiers = '[{\"above\": 9, \"prompt\": 8}]' where model_id = 'test/first'",
        "update gateway.models set reasoning = true, name = 'Another \"name\"' where id in ('test/first', 'test/second')",
        "update gateway.models set enabled = false where id = 'test/second'",
        "update gateway.model_routes set enabled = false where model_id = 'test/third'",
        "update gateway.models set kind = 'embedding', output_modalities = '{embeddings}' where id = 'test/first'",
        "delete from gateway.model_routes where model_id = 'test/first'",
        "update gateway.models set enabled = true",
        "update gateway.model_routes set enabled = true",
        "delete from gateway.models where id = 'test/third'",
    ] {
        world.sql(change).await;
        // Put together anew from the tables themselves, in one piece, by pages, and as a key sees them that may use all.
        let wanted = world
            .value(
                "select coalesce(jsonb_agg(gateway.model_json(m) - 'reasoning' order by m.id), '[]')
                 from gateway.usable_models('{}') as m",
            )
            .await;
        let count = wanted.as_array().map(Vec::len);
        for path in ["/models", "/models?offset=0", "/models?limit=1000", "/models/user", "/models?q="] {
            let listed = get(&world, path, &owner).await.success();
            assert_eq!((&listed["data"], &listed["total_count"]), (&wanted, &json!(count)), "{path} after {change}");
        }
        let one = get(&world, &format!("/model/{MODEL}"), &owner).await.success();
        assert!(wanted.as_array().is_some_and(|all| all.contains(&one["data"])), "{one}");
    }
}
