//! What anyone may ask, and the cron jobs.

use tests::world::{MODEL, World};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(_world: &World, (method, name): (&str, &str)) -> Option<Sample> {
    let (developer, model) = MODEL.split_once('/').expect("two parts");
    Some(match (method, name) {
        (
            "GET",
            "root" | "health" | "ping" | "ping_stats" | "openapi_json" | "docs_page" | "docs_guides" | "llms_txt"
            | "llms_full_txt" | "console" | "auth_methods" | "models" | "models_providers" | "v1_models"
            | "cron_sweep_holds" | "plans" | "subscription_plans" | "ranking_models" | "ranking_apps",
        ) => Sample::plain(),
        ("GET", "console_file") => Sample::plain().with("file", "main.js"),
        ("GET", "docs_guide") => Sample::plain().with("guide", "quick-start"),
        ("GET", "docs_asset") => Sample::plain().with("file", "start.js"),
        ("GET", "model") => Sample::plain().with("provider", developer).with("model", model),
        ("GET", "plan") => Sample::plain().with("id", "dev"),
        ("GET", "v1_model") => Sample::plain().with("id", MODEL),
        _ => return None,
    })
}
