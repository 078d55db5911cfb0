//! The seed of models by public figures, beside the one that is written by hand.

use std::fs;

use local::platform::repository;
use serde_json::{Value, json};
use shared::providers::table::PROVIDERS;
use tests::answer::Answer;

use super::{data, get, seeded};

const BY_FIGURES: &str = "supabase/seeds/catalog_by_figures.sql";

#[tokio::test]
async fn four_hundred_models_have_prices_and_what_is_written_by_hand_stays_as_it_is() {
    let world = seeded().await;
    let seed = fs::read_to_string(repository().join(BY_FIGURES)).expect("a seed");
    let by_hand = "select jsonb_agg(r order by r.model_id, r.provider) from gateway.model_routes r
                   join known k on k.model_id = r.model_id and k.provider = r.provider";
    let models =
        "select jsonb_agg(to_jsonb(m) - '{supported_parameters,open_weights,released_on,deprecated_at}'::text[]
                    order by m.id) from gateway.models m join known_models using (id)";
    world
        .sql(
            "create table known as select model_id, provider from gateway.model_routes;
             create table known_models as select id from gateway.models",
        )
        .await;
    let before = (world.value(by_hand).await, world.value(models).await);
    // It can run again, and has nothing to change then.
    for _ in 0..2 {
        world.sql(&seed).await;
        assert_eq!((world.value(by_hand).await, world.value(models).await), before);
    }
    world.sql("drop table known, known_models").await;

    let list = get(&world, "/v1/models").await.success();
    assert!(data(&list).len() >= 400, "{}", data(&list).len());
    for model in data(&list) {
        assert!(model["pricing"]["prompt"].is_string(), "{model}");
        let is_free = model["id"].as_str().expect("an id").ends_with(":free");
        assert_eq!(model["free"], json!(is_free), "{model}");
        assert!(model["kind"] != "chat" || model["max_output_tokens"].as_i64().is_some_and(|most| most > 0), "{model}");
    }
    let says = |member: &str| data(&list).iter().filter(|model| !model[member].is_null()).count();
    assert!(says("released_on") > 400);
    let tools = data(&list)
        .iter()
        .filter(|model| model["supported_parameters"].as_array().is_some_and(|names| names.contains(&json!("tools"))));
    assert!(tools.count() > 200);

    // No tier is cheaper than a shorter prompt, nothing that is kept costs less than what is read, and every name is found.
    for none in [
        "select count(*) from gateway.model_routes, jsonb_array_elements(tiers) as tier where (tier ->> 'prompt')::bigint < prompt_price",
        "select count(*) from gateway.model_routes where written_price < prompt_price or written_long_price < written_price",
        "select count(*) from gateway.models m where (gateway.find_model(m.id)).id is distinct from m.id
           or (gateway.find_model(upper(m.id))).id is distinct from m.id
           or (gateway.find_model(substr(m.id, strpos(m.id, '/') + 1))).id is distinct from m.id",
        "select count(*) from gateway.models where 'image' = any (input_modalities) and image_tokens = 0",
    ] {
        assert_eq!(world.value(none).await, json!(0), "{none}");
    }

    // A model of each provider answers, at its price.
    let account = world.account(1_000_000_000_000).await;
    let of = |name: &str| world.platform.variables()[name].as_str();
    let (key, address) = (of("FEATHERLESS_API_KEY"), of("FEATHERLESS_BASE_URL"));
    let others = PROVIDERS.iter().filter(|row| !local::provider::NAMES.contains(&row.name) && !row.quirks.self_hosted);
    let others: Vec<_> = others.flat_map(|row| [(row.key.name, key), (row.address.name, address)]).collect();
    let gateway = world.another_gateway_with(&others).await;
    for provider in PROVIDERS {
        let mine = format!(
            "select jsonb_agg(m.id order by m.id) from gateway.models m join gateway.model_routes r on r.model_id = m.id
               where r.provider = '{}' and m.kind = 'chat'",
            provider.name
        );
        let ids = world.value(&mine).await;
        let Some(id) = ids.as_array().and_then(|ids| ids.first()).and_then(Value::as_str) else { continue };
        let body = json!({"model": format!("{}:{id}", provider.name), "max_tokens": 20,
                          "messages": [{"role": "user", "content": "Hello"}]});
        let request = world.http.post(format!("{gateway}/v1/chat/completions")).bearer_auth(&account.key);
        let answer = Answer::to(request.body(body.to_string())).await.success();
        assert_eq!((&answer["provider"], &answer["model"]), (&json!(provider.name), &json!(id)));
        let cost = answer["usage"]["cost"].as_f64().expect("a cost");
        assert!((cost > 0.0) != id.ends_with(":free"), "{answer}");
    }
}

#[tokio::test]
async fn what_an_administrator_or_a_provider_has_changed_no_seed_changes_back() {
    let world = seeded().await;
    let seed = fs::read_to_string(repository().join(BY_FIGURES)).expect("a seed");
    world.sql(&seed).await;
    world
        .sql(
            "update gateway.model_routes set prompt_price = 7, priced_by = 'admin' where model_id = 'x-ai/grok-4.5' and provider = 'xai';
             update gateway.model_routes set prompt_price = 8, priced_by = 'provider', enabled = false
               where model_id = 'openai/gpt-4o' and provider = 'openai';
             update gateway.models set name = 'Mine', changed_by_hand = true, enabled = false where id = 'x-ai/grok-4.5'",
        )
        .await;
    let by_hand = fs::read_to_string(repository().join("supabase/seeds/catalog.sql")).expect("a seed");
    world.sql(&by_hand).await;
    world.sql(&seed).await;
    let kept = world
        .value(
            "select jsonb_build_array(
               (select prompt_price from gateway.model_routes where model_id = 'x-ai/grok-4.5' and provider = 'xai'),
               (select prompt_price from gateway.model_routes where model_id = 'openai/gpt-4o' and provider = 'openai'),
               (select enabled from gateway.model_routes where model_id = 'openai/gpt-4o' and provider = 'openai'),
               (select jsonb_build_array(name, enabled) from gateway.models where id = 'x-ai/grok-4.5'))",
        )
        .await;
    assert_eq!(kept, json!([7, 8, false, ["Mine", false]]));
}

#[tokio::test]
async fn a_thousand_models_are_one_list_which_follows_every_change() {
    let world = seeded().await;
    world
        .sql(
            "insert into gateway.models (id, name, developer, context_length, max_output)
               select 'pad/m' || i, 'M', 'pad', 1000, 100 from generate_series(1, 900) as i;
             insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, completion_price)
               select 'pad/m' || i, provider, 'm', 1, 1
               from generate_series(1, 900) as i, unnest('{openai,groq,vercel}'::text[]) as provider",
        )
        .await;
    let watch = tests::watch::Watch::new(&world);
    let whole = get(&world, "/v1/models").await.success();
    assert_eq!(watch.functions(), ["list_models"]);
    assert!(data(&whole).len() > 900 && whole["has_more"] == json!(false));
    // What is read as a whole is what pages have, and what one model is by itself.
    let pages = get(&world, "/models?search=pad%2Fm77&limit=100").await.success();
    for model in data(&pages) {
        assert!(data(&whole).contains(model));
    }
    let of_one = |list: &Value| {
        let found = data(list).iter().find(|model| model["id"] == "pad/m5").cloned();
        found.map(|model| model["routes"].as_array().expect("routes").len())
    };
    assert_eq!(of_one(&whole), Some(3));
    for (change, routes) in [
        ("delete from gateway.model_routes where model_id = 'pad/m5' and provider = 'groq'", Some(2)),
        (
            "update gateway.model_routes set model_id = 'pad/m5' where model_id = 'pad/m6' and provider = 'groq'",
            Some(3),
        ),
        ("update gateway.models set enabled = false where id = 'pad/m5'", None),
        ("update gateway.models set enabled = true where id = 'pad/m5'", Some(3)),
        ("delete from gateway.models where id = 'pad/m5'", None),
    ] {
        world.sql(change).await;
        let list = get(&world, "/v1/models").await.success();
        assert_eq!(of_one(&list), routes, "{change}");
        let count = world.value("select count(*) from gateway.models where enabled").await;
        assert_eq!(json!(data(&list).len()), count, "{change}");
        // Unchanged since, it is the copy that the gateway has.
        assert_eq!(get(&world, "/v1/models").await.success(), list, "{change}");
    }
}

#[tokio::test]
async fn a_list_comes_whole_from_the_database_only_when_it_has_changed() {
    let world = seeded().await;
    let version = "select version from gateway.catalog_version";
    let asked =
        [("/v1/models", "list_models", r#"{"limit": 1000}"#), ("/api/v1/models", "list_openrouter_models", "{}")];
    let mut lists = Vec::new();
    for (path, function, query) in asked {
        let list = get(&world, path).await.success();
        let answer = world.value(&format!("select public.{function}('{query}', null)")).await;
        assert_eq!(answer, json!({"version": world.value(version).await, "list": list}), "{function}");
        let answer = world.value(&format!("select public.{function}('{query}', ({version}))")).await;
        assert_eq!(answer, json!({"version": world.value(version).await}), "{function}");
        lists.push(list);
    }
    let first = world.value(version).await;
    world.sql("update gateway.models set name = 'Renamed' where id = 'openai/gpt-5-mini'").await;
    assert_ne!(world.value(version).await, first);
    for ((path, _, _), former) in asked.into_iter().zip(&lists) {
        let list = get(&world, path).await.success();
        assert!(list != *former && list.to_string().contains("Renamed"), "{path}");
    }
    let count = |list: &Value| list["data"].as_array().expect("models").len();
    // Nothing narrower is taken for the whole, nor held as if it were.
    for narrower in ["/v1/models?search=gpt", "/v1/models?limit=2", "/api/v1/models?q=gpt", "/api/v1/models?limit=2"] {
        let found = count(&get(&world, narrower).await.success());
        assert!((1..count(&lists[1])).contains(&found), "{narrower}");
    }
    for ((path, _, _), former) in asked.into_iter().zip(&lists) {
        assert_eq!(count(&get(&world, path).await.success()), count(former), "{path}");
    }
}

#[tokio::test]
async fn a_change_of_a_model_writes_no_list_again() {
    let world = seeded().await;
    let version = world.value("select version from gateway.catalog_version").await;
    let listed = "select jsonb_object_agg(model_id, ctid::text) from gateway.listed_models";
    let rows = world.value(listed).await;
    // A statement that changes no row changes nothing.
    world.sql("update gateway.models set name = 'Renamed' where id = 'no/such'; delete from gateway.model_routes where provider = 'none'").await;
    assert_eq!(world.value("select version from gateway.catalog_version").await, version);
    // A seed that is applied again leaves the texts of models where they are.
    world.sql("update gateway.models set name = name; update gateway.model_routes set provider = provider").await;
    assert_eq!(world.value(listed).await, rows);
    let size = "select sum(pg_total_relation_size(oid)) from pg_class
                where oid in ('gateway.listed_models'::regclass, 'gateway.catalog_version'::regclass)";
    let before = world.value(size).await.as_i64().expect("a size");
    for number in 0..100 {
        world.sql(&format!("update gateway.models set name = 'Renamed {number}' where id = 'openai/gpt-5-mini'")).await;
    }
    let grown = world.value(size).await.as_i64().expect("a size") - before;
    assert!(grown < 2_000_000, "{grown} bytes for a hundred changes of one model");
}
