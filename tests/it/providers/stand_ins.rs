//! On one's own machine: once there is a real provider, nothing made up passes for its answers.

use local::stand_in_routes::assign;
use serde_json::json;
use tests::world::World;

#[tokio::test]
async fn beside_a_real_provider_stand_ins_serve_only_what_is_asked_of_them_by_name() {
    let world = World::start().await;
    let route =
        |model: &str, provider: &str, upstream: &str| format!("('{model}', '{provider}', '{upstream}', 100, 400)");
    world
        .sql(&format!(
            "insert into gateway.models (id, name, developer, context_length, max_output) values
               ('a/real', 'a', 'a', 1000, 100), ('test/one', 'one', 'test', 1000, 100);
             insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, completion_price)
               values {}, {}, {}",
            route("a/real", "openrouter", "real"),
            route("a/real", "chutes", "real"),
            route("test/one", "openrouter", "standin/normal"),
        ))
        .await;
    let open = "select coalesce(jsonb_agg(model_id || ' ' || provider order by model_id, provider), '[]')
                  from gateway.model_routes where enabled and model_id in ('a/real', 'test/one')";
    for (real, expected) in [
        (&[][..], json!(["a/real chutes", "a/real openrouter", "test/one openrouter"])),
        (&["openrouter"][..], json!(["a/real openrouter", "test/one portkey"])),
        (&["chutes", "openrouter"][..], json!(["a/real chutes", "a/real openrouter", "test/one portkey"])),
        (
            &["chutes", "openrouter", "portkey", "featherless", "anthropic", "openai"][..],
            json!(["a/real chutes", "a/real openrouter"]),
        ),
    ] {
        for _ in 0..2 {
            assign(&world.platform.database, real).await.expect("assigned");
            assert_eq!(world.value(open).await, expected, "{real:?}");
        }
    }
}
