//! Providers and what they serve.

use serde_json::{Value, json};
use tests::world::World;

use super::{data, get, ids, seeded};

#[tokio::test]
async fn each_providers_figures_are_those_of_its_models() {
    let world = seeded().await;
    let providers = get(&world, "/models/providers").await.success();
    assert_eq!(ids(&providers), ["anthropic", "chutes", "featherless", "openai", "openrouter", "portkey"]);
    for provider in data(&providers) {
        let name = provider["id"].as_str().expect("a name");
        let models = get(&world, &format!("/v1/models?provider={name}")).await.success();
        let routes: Vec<Value> = data(&models)
            .iter()
            .flat_map(|model| model["routes"].as_array().expect("routes"))
            .filter(|route| route["provider"] == name)
            .cloned()
            .collect();
        assert_eq!(provider["models"], json!(routes.len()), "{name}");
        let images = data(&models).iter().filter(|model| model["kind"] == "image").count();
        assert_eq!(provider["image_models"], json!(images), "{name}");
        let costs_nothing = |route: &&Value| {
            let prices = route["prices"].as_object().cloned().unwrap_or_default();
            !prices.is_empty() && prices.values().all(|price| price == "0")
        };
        assert_eq!(provider["free_models"], json!(routes.iter().filter(costs_nothing).count()), "{name}");
        let mut prompts: Vec<f64> =
            routes.iter().filter_map(|route| route["pricing"]["prompt_per_million"].as_f64()).collect();
        prompts.sort_by(f64::total_cmp);
        assert_eq!(provider["lowest_prompt_per_million"].as_f64(), prompts.first().copied(), "{name}");
        assert_eq!(provider["highest_prompt_per_million"].as_f64(), prompts.last().copied(), "{name}");
    }
}

#[tokio::test]
async fn without_models_there_are_no_providers() {
    let world = World::start().await;
    world.sql("delete from gateway.models").await;
    let providers = get(&world, "/models/providers").await.success();
    assert_eq!((data(&providers).len(), &providers["has_more"]), (0, &json!(false)));
}
