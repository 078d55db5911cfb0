//! The list of models that a key may use.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{Route, World, hello};

#[tokio::test]
async fn models_are_allowed_by_name_or_by_developer() {
    let world = World::start().await;
    for id in ["openai/gpt-4o", "openai/gpt-4o:free", "openai-like/gpt-4o", "other/gpt-4o"] {
        world.model(id, &[Route::new("openrouter", "standin/normal")]).await;
    }
    let account = world.account(1_000_000_000).await;
    let cases = [
        ("", "other/gpt-4o", true),
        ("openai/gpt-4o", "openai/gpt-4o", true),
        ("openai/gpt-4o", "openai/gpt-4o:free", false),
        ("openai/gpt-4o", "OpenAI/gpt-4o", true),
        ("openai/gpt-4o", "openrouter:openai/gpt-4o", true),
        ("openai/gpt-4o", "openrouter:other/gpt-4o", false),
        ("openai/*", "openai/gpt-4o", true),
        ("openai/*", "openai/gpt-4o:free", true),
        ("openai/*", "openai-like/gpt-4o", false),
        ("openai/*", "other/gpt-4o", false),
        ("openai/*,other/gpt-4o", "other/gpt-4o", true),
        ("*", "other/gpt-4o", true),
    ];
    for (allowed_models, model, allowed) in cases {
        world.change_key(&account, &format!("allowed_models = '{{{allowed_models}}}'")).await;
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({"model": model})))).await;
        let wanted = if allowed { (200, String::new()) } else { (403, "model_not_allowed".to_owned()) };
        assert_eq!(answer.outcome(), wanted, "{model} in {allowed_models:?}: {}", answer.text);
        if !allowed {
            assert_eq!(answer.error()["param"], "model");
        }
    }
}
