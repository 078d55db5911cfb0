//! Lists of models: pages, filters, shapes.

use std::io::Read as _;

use serde_json::{Value, json};
use tests::world::World;

use super::{data, get, ids, seeded};

#[tokio::test]
async fn the_seed_has_models_of_every_kind_on_all_four_providers() {
    let world = seeded().await;
    let all = get(&world, "/v1/models").await.success();
    let models = data(&all);
    assert!(models.len() >= 24, "{}", models.len());
    let some = |what: &str, is: &dyn Fn(&Value) -> bool| assert!(models.iter().any(is), "no {what}");
    let takes = |model: &Value, modality: &str| {
        model["input_modalities"].as_array().expect("a list").contains(&json!(modality))
    };
    some("text model", &|model| model["kind"] == "chat" && model["input_modalities"] == json!(["text"]));
    some("vision model", &|model| model["kind"] == "chat" && takes(model, "image"));
    some("reasoning model", &|model| model["reasoning"] == true);
    some("free model", &|model| model["free"] == true);
    some("image model", &|model| model["kind"] == "image");
    some("embedding model", &|model| model["kind"] == "embedding");
    for kind in tests::whole::WHOLES.iter().map(|whole| whole.kind.as_str()) {
        some(kind, &|model| model["kind"] == kind && model["pricing"].is_object() && model["free"] == false);
    }
    for provider in ["openrouter", "portkey", "featherless", "chutes"] {
        some(provider, &|model| {
            let routes = model["routes"].as_array().expect("routes");
            routes.iter().any(|route| route["provider"] == provider && route["pricing"].is_object())
        });
    }
    // Every model that takes images says what one costs at most.
    let unpriced = "select count(*) from gateway.models where 'image' = any (input_modalities) and image_tokens = 0";
    assert_eq!(world.value(unpriced).await, json!(0));
}

#[tokio::test]
async fn the_pages_of_any_size_are_the_whole_list_in_order() {
    let world = seeded().await;
    let all = ids(&get(&world, "/v1/models").await.success());
    for limit in [1, 2, 7, all.len() - 1, all.len(), 100] {
        let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let page = get(&world, &format!("/models?limit={limit}{cursor}")).await.success();
            let found = ids(&page);
            assert!(found.len() <= limit);
            seen.extend(found);
            pages += 1;
            assert!(pages <= all.len(), "the pages never end");
            if page["has_more"] == json!(false) {
                assert_eq!(page["next_cursor"], Value::Null);
                break;
            }
            assert_eq!(page["next_cursor"].as_str(), seen.last().map(String::as_str));
            cursor = format!("&cursor={}", page["next_cursor"].as_str().expect("a cursor").replace('/', "%2F"));
        }
        assert_eq!(seen, all, "{limit} a page");
        assert_eq!(pages, all.len().div_ceil(limit), "{limit} a page");
    }
    let usual = get(&world, "/models").await.success();
    assert_eq!(ids(&usual), all[..all.len().min(50)]);
    // A cursor that is past everything ends the list; it is only a place in the order.
    let past = get(&world, "/models?cursor=zzzz").await.success();
    assert_eq!((data(&past).len(), &past["has_more"], &past["next_cursor"]), (0, &json!(false), &Value::Null));
}

/// Whether a filter finds exactly the models of which `wanted` holds.
async fn assert_filters(world: &World, filter: &str, wanted: impl Fn(&Value) -> bool) {
    let all = get(world, "/v1/models").await.success();
    let wanted: Vec<&Value> = data(&all).iter().filter(|model| wanted(model)).map(|model| &model["id"]).collect();
    for path in ["/v1/models", "/models"] {
        let found = get(world, &format!("{path}?{filter}&limit=100")).await.success();
        let found: Vec<&Value> = data(&found).iter().map(|model| &model["id"]).collect();
        assert_eq!(found, wanted, "{path}?{filter}");
    }
    assert!(!wanted.is_empty() && wanted.len() < data(&all).len(), "{filter} tells nothing apart");
}

#[tokio::test]
async fn each_filter_finds_what_it_names_and_nothing_else() {
    let world = seeded().await;
    for provider in ["openrouter", "portkey", "featherless", "chutes"] {
        assert_filters(&world, &format!("provider={provider}"), |model| {
            model["routes"].as_array().expect("routes").iter().any(|route| route["provider"] == provider)
        })
        .await;
    }
    for modality in ["image", "text"] {
        let knows = |model: &Value, member: &str| model[member].as_array().expect("a list").contains(&json!(modality));
        let filter = format!("modality={modality}");
        if modality == "image" {
            assert_filters(&world, &filter, |m| knows(m, "input_modalities") || knows(m, "output_modalities")).await;
        } else {
            let all = get(&world, "/v1/models?modality=text").await.success();
            assert!(data(&all).iter().all(|m| knows(m, "input_modalities") || knows(m, "output_modalities")));
        }
    }
    assert_filters(&world, "free=true", |model| model["free"] == true).await;
    assert_filters(&world, "free=false", |model| model["free"] == false).await;
    let mentions = |text: &'static str| {
        move |model: &Value| {
            ["id", "name", "description"]
                .iter()
                .any(|member| model[*member].as_str().expect("text").to_lowercase().contains(text))
        }
    };
    assert_filters(&world, "search=LLAMA", mentions("llama")).await;
    assert_filters(&world, "search=free+of+charge", mentions("free of charge")).await;
    assert_filters(&world, "search=qwen%2F", mentions("qwen/")).await;
    assert_filters(&world, "provider=openrouter&free=true&search=deepseek", |model| {
        let routes = model["routes"].as_array().expect("routes");
        model["free"] == true
            && mentions("deepseek")(model)
            && routes.iter().any(|route| route["provider"] == "openrouter")
    })
    .await;
    // What would be a pattern elsewhere is just a text here.
    for nothing in ["search=%25", "search=_", "search=no+such+model", "provider=nobody", "modality=smell"] {
        assert_eq!(data(&get(&world, &format!("/models?{nothing}")).await.success()).len(), 0, "{nothing}");
    }
}

#[tokio::test]
async fn a_filter_goes_on_over_the_pages() {
    let world = seeded().await;
    let all = ids(&get(&world, "/v1/models?provider=chutes").await.success());
    let first = get(&world, "/models?provider=chutes&limit=2").await.success();
    let cursor = first["next_cursor"].as_str().expect("more").replace('/', "%2F").replace(':', "%3A");
    let second = get(&world, &format!("/models?provider=chutes&limit=2&cursor={cursor}")).await.success();
    assert_eq!([ids(&first), ids(&second)].concat(), all[..4]);
}

#[tokio::test]
async fn openais_clients_find_their_shape() {
    let world = seeded().await;
    for path in ["/v1/models", "/models"] {
        let list = get(&world, path).await.success();
        for model in data(&list) {
            assert_eq!(model["object"], "model");
            assert!(model["id"].is_string() && model["owned_by"].is_string(), "{model}");
            assert!(model["created"].as_i64().is_some_and(|created| created > 1_500_000_000), "{model}");
        }
    }
    // OpenAI's clients do not page: they get them all at once.
    let list = get(&world, "/v1/models").await.success();
    assert_eq!((list["has_more"].clone(), data(&list).len()), (json!(false), data(&list).len()));
    let count = world.value("select count(*) from gateway.models").await;
    assert_eq!(json!(data(&list).len()), count);
}

#[tokio::test]
async fn a_price_is_printed_as_it_is_charged() {
    let world = World::start().await;
    world.sql("delete from gateway.models").await;
    let odd = tests::world::Route {
        prompt: 1,
        cached: 999_999_999,
        completion: 9_007_199_254_740_993,
        ..tests::world::Route::new("chutes", "x")
    };
    world.model("a/b", &[odd]).await;
    let answer = get(&world, "/models/a/b").await;
    for exact in [
        r#""prompt_per_million": 0.000000001"#,
        r#""cached_per_million": 0.999999999"#,
        r#""completion_per_million": 9007199.254740993"#,
    ] {
        assert!(answer.text.contains(exact), "{exact} in {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_disabled_is_not_listed() {
    let world = seeded().await;
    let all = ids(&get(&world, "/v1/models").await.success());
    world.sql(&format!("update gateway.models set enabled = false where id = '{}'", all[0])).await;
    world.sql(&format!("update gateway.model_routes set enabled = false where model_id = '{}'", all[1])).await;
    let list = get(&world, "/v1/models").await.success();
    assert_eq!(ids(&list), all[1..]);
    assert_eq!(data(&list)[0]["routes"], json!([]), "a model without a route");
    assert_eq!(data(&list)[0]["free"], json!(false), "nor is it free for that");
    get(&world, &format!("/v1/models/{}", all[0])).await.refused(404, "model_not_found");
}

#[tokio::test]
async fn whoever_answers_for_us_may_keep_the_catalog_for_a_while_and_no_refusal() {
    let world = seeded().await;
    for path in [
        "/models",
        "/v1/models",
        "/models/providers",
        "/models/openai/gpt-4o",
        "/v1/models/openai/gpt-4o",
        "/catalog/models",
    ] {
        let answer = get(&world, path).await;
        assert_eq!(answer.status, 200, "{path}");
        let cache = answer.headers["cache-control"].to_str().expect("text").to_owned();
        assert!(cache.starts_with("public") && cache.contains("s-maxage="), "{path}: {cache}");
        assert!(answer.headers.get("set-cookie").is_none() && answer.headers["content-type"] == "application/json");
    }
    for path in ["/models?limit=0", "/v1/models/nobody/nothing"] {
        assert_eq!(get(&world, path).await.headers["cache-control"], "no-store", "{path}");
    }
    let account = world.account(0).await;
    for path in ["/user/balance", "/user/credit-transactions"] {
        let answer = tests::answer::Answer::to(world.get(path, &account.key)).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn the_old_paths_answer_as_the_new_ones() {
    let world = seeded().await;
    for path in
        ["/models", "/models?limit=3&free=true", "/models/providers", "/models/openai/gpt-4o", "/models/nobody/nothing"]
    {
        let (new, old) = (get(&world, path).await, get(&world, &format!("/catalog{path}")).await);
        assert_eq!((old.status, old.text), (new.status, new.text), "{path}");
    }
}

#[tokio::test]
async fn models_are_asked_for_by_their_ids_in_one_call() {
    let world = seeded().await;
    let all = ids(&get(&world, "/v1/models").await.success());
    let (first, last) = (&all[0], &all[all.len() - 1]);
    let asked = |wanted: &str| format!("/models?ids={}", wanted.replace('/', "%2F").replace(',', "%2C"));
    let both = get(&world, &asked(&format!("{last},none/such,{first}"))).await.success();
    assert_eq!((ids(&both), &both["has_more"]), (vec![first.clone(), last.clone()], &json!(false)));
    assert_eq!(ids(&get(&world, &asked("none/such")).await.success()), Vec::<String>::new());
    // Beside another filter both hold.
    let free = get(&world, &format!("{}&free=true", asked(&all.join(",")))).await.success();
    assert!(data(&free).iter().all(|model| model["free"] == true) && !data(&free).is_empty());
}

#[tokio::test]
async fn a_long_list_comes_compressed_to_whoever_takes_it_so() {
    let world = seeded().await;
    // One that shows what came, not what it makes of it.
    let http = reqwest::Client::builder().no_proxy().no_gzip().build().expect("a client");
    let ask = |path: &str, taken: &'static str| {
        let asked = http.get(format!("{}{path}", world.base_url)).header("accept-encoding", taken);
        async move { asked.send().await.expect("an answer") }
    };
    let plain = ask("/v1/models", "identity").await;
    assert!(plain.headers().get("content-encoding").is_none());
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let plain = plain.bytes().await.expect("a body");
    let zipped = ask("/v1/models", "br, gzip").await;
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let zipped = zipped.bytes().await.expect("a body");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&zipped[..]).read_to_end(&mut text).expect("gzip");
    assert_eq!(text, plain);
    assert!(zipped.len() * 5 < plain.len(), "{} of {} bytes", zipped.len(), plain.len());
    // A short one is not worth it.
    assert!(ask("/models?limit=1", "gzip").await.headers().get("content-encoding").is_none());
}
