//! One model, by its id.

use tests::world::{Route, World};

use super::{get, seeded};

#[tokio::test]
async fn an_id_is_found_however_its_slash_and_colon_are_written() {
    let world = seeded().await;
    for (id, paths) in [
        (
            "openai/gpt-4o",
            [
                "/v1/models/openai/gpt-4o",
                "/v1/models/openai%2Fgpt-4o",
                "/v1/models/openai%2fgpt-4o",
                "/models/openai/gpt-4o",
                "/api/v1/models/openai%2Fgpt-4o",
            ],
        ),
        (
            "deepseek/deepseek-r1-0528:free",
            [
                "/v1/models/deepseek/deepseek-r1-0528:free",
                "/v1/models/deepseek%2Fdeepseek-r1-0528%3Afree",
                "/models/deepseek/deepseek-r1-0528:free",
                "/models/deepseek/deepseek-r1-0528%3Afree",
                "/api/v1/models/[id]?id=deepseek%2Fdeepseek-r1-0528%3Afree",
            ],
        ),
    ] {
        for path in paths {
            let model = get(&world, path).await.success();
            assert_eq!((&model["id"], &model["object"]), (&id.into(), &"model".into()), "{path}");
            assert!(model["created"].is_i64() && model["owned_by"].is_string(), "{model}");
        }
    }
}

#[tokio::test]
async fn a_model_shows_its_routes_cheapest_first() {
    let world = seeded().await;
    let model = get(&world, "/models/openai/gpt-oss-120b").await.success();
    let routes: Vec<&str> = model["routes"]
        .as_array()
        .expect("routes")
        .iter()
        .map(|route| route["provider"].as_str().expect("a name"))
        .collect();
    assert_eq!(routes, ["chutes", "openrouter", "featherless"]);
    let pricing = &model["routes"][0]["pricing"];
    assert_eq!((&pricing["prompt_per_million"], &pricing["completion_per_million"]), (&0.04.into(), &0.18.into()));
    // Without a price of its own a cached token costs what any other does.
    assert_eq!(pricing["cached_per_million"], pricing["prompt_per_million"]);
}

#[tokio::test]
async fn an_id_may_hold_several_slashes_and_letters_of_any_script() {
    let world = World::start().await;
    for id in ["org/team/model", "org/модель", "org/a b", "org/100%"] {
        world.model(id, &[Route::new("chutes", "x")]).await;
    }
    for (path, id) in [
        ("/v1/models/org/team/model", "org/team/model"),
        ("/v1/models/org%2Fteam%2Fmodel", "org/team/model"),
        ("/models/org/team/model", "org/team/model"),
        ("/v1/models/org/%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C", "org/модель"),
        ("/models/org/a%20b", "org/a b"),
        ("/models/org/100%25", "org/100%"),
    ] {
        assert_eq!(get(&world, path).await.success()["id"], id, "{path}");
    }
}

#[tokio::test]
async fn a_model_that_is_not_there_is_not_found() {
    let world = seeded().await;
    for path in [
        "/v1/models/nobody/nothing",
        "/v1/models/gpt-4oo",
        "/v1/models/openai",
        "/v1/models/openai%2F",
        "/v1/models/openai%252Fgpt-4o",
        "/models/openrouter/gpt-4o",
        "/models/openai/gpt-4o/more",
    ] {
        let error = get(&world, path).await.refused(404, "model_not_found");
        assert_eq!(error["param"], "model", "{path}");
    }
}
