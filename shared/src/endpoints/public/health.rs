//! `/health`: whether the gateway and its stores are well, in words that say nothing about where they are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::timestamp;
use crate::app::{App, SharedApp};
use crate::deployment;
use crate::limits::{AttemptOutcome, OpenBreaker};

/// How a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It answers.
    Ok,
    /// It does not.
    Unavailable,
    /// Nobody has said where it is.
    NotConfigured,
    /// It does not fit this deployment: the database lacks a migration, knows keys under another pepper, or is production's, of a preview.
    /// The log says which.
    Mismatch,
}

/// Which deployment answers.
#[derive(Serialize, ToSchema)]
pub struct WhichDeployment {
    /// `production`, `preview` or `development`.
    #[schema(value_type = String)]
    pub environment: &'static str,
    /// The beginning of the commit's id, where the platform tells it.
    #[schema(required)]
    pub commit: Option<String>,
    /// The branch, where the platform tells it.
    #[schema(required)]
    pub branch: Option<String>,
}

/// How the gateway is.
#[derive(ToSchema)]
pub struct Health {
    /// `healthy`, or `degraded` when a store is not `ok` or every provider that is configured is failing or refusing.
    pub status: String,
    /// The gateway's version.
    pub version: String,
    /// Which deployment it is.
    pub deployment: WhichDeployment,
    /// The database: whether it takes writes, and fits this deployment.
    pub database: Condition,
    /// The counters. Without them each instance limits calls by itself.
    pub redis: Condition,
    /// Each provider: `configured`, `not_configured`, `failing` (it has failed lately at a model, so others are asked before
    /// it), or `refusing` (it refuses this deployment's account, and others are asked before it at every model).
    pub providers: BTreeMap<String, String>,
    /// Now.
    pub timestamp: Timestamp,
}

/// `GET /health`: 503 when the database cannot do what every call needs, since nothing that costs money works without it.
#[utoipa::path(get, path = "/health", tag = "public",
    responses((status = 200, body = Health), (status = 503, description = "The database is out.", body = Health)))]
pub async fn show(State(app): State<SharedApp>) -> impl IntoResponse {
    let (database, (redis, failing)) = tokio::join!(database(&app), redis(&app));
    let providers = providers(&app, &failing);
    let some_provider = failing.is_empty() || providers.values().any(|word| word == "configured");
    let well = (database, redis) == (Condition::Ok, Condition::Ok) && some_provider;
    let status = if database == Condition::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if well { "healthy" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "deployment": WhichDeployment {
            environment: app.config.environment.as_str(),
            commit: app.config.commit.clone(),
            branch: app.config.branch.clone(),
        },
        "database": database,
        "redis": redis,
        "providers": providers,
        "timestamp": timestamp(),
    });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body))
}

async fn database(app: &App) -> Condition {
    let Some(supabase) = app.supabase_if_configured() else { return Condition::NotConfigured };
    match deployment::inspect(supabase, &app.config).await {
        Ok(report) => {
            let misfits = report.misfits(app.config.environment);
            for misfit in &misfits {
                tracing::error!("{misfit}");
            }
            if misfits.is_empty() { Condition::Ok } else { Condition::Mismatch }
        }
        Err(error) => {
            tracing::warn!(%error, "the database cannot be used");
            Condition::Unavailable
        }
    }
}

/// How Redis is, and which providers it says are failing.
async fn redis(app: &App) -> (Condition, Vec<OpenBreaker>) {
    let Some(upstash) = app.upstash_if_configured() else { return (Condition::NotConfigured, Vec::new()) };
    match app.limiter.open_breakers(upstash).await {
        Ok(failing) => (Condition::Ok, failing),
        Err(error) => {
            tracing::warn!(%error, "redis cannot be used");
            (Condition::Unavailable, Vec::new())
        }
    }
}

/// Each provider in a word, by the breakers that are open.
pub fn providers(app: &App, failing: &[OpenBreaker]) -> Map<String, Value> {
    let word = |name: &str, configured: bool| {
        let mut own = failing.iter().filter(|breaker| breaker.provider == name).peekable();
        match (configured, own.peek().is_some()) {
            (false, _) => "not_configured",
            (true, false) => "configured",
            (true, true) if own.any(|breaker| breaker.outcome == AttemptOutcome::Refused) => "refusing",
            (true, true) => "failing",
        }
    };
    let all = app.config.providers.iter();
    all.map(|it| (it.provider.name.to_owned(), word(it.provider.name, it.is_usable()).into())).collect()
}

#[cfg(test)]
mod tests {
    use axum::response::Response;
    use http_body_util::BodyExt as _;

    use super::super::stores;
    use super::*;

    const WELL: (StatusCode, &str) = (StatusCode::OK, r#"{"status":"ok","migrated_to":null,"unknown_peppers":[]}"#);
    const COMMAND: &str = r#"["HGETALL","preview:breaker"]"#;
    const EMPTY: (StatusCode, &str) = (StatusCode::OK, r#"{"result":[]}"#);

    async fn read(response: Response) -> (u16, Value) {
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn both_stores_are_asked_at_the_same_time() {
        let app = stores::app(WELL, COMMAND, EMPTY, true).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"]), (200, &Value::from("healthy")), "{body}");
        assert_eq!(body["providers"]["chutes"], "configured");
        assert_eq!(body["providers"]["openrouter"], "not_configured");
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_database_that_answers_or_with_every_provider_is_said() {
        let other_pepper = r#"{"status":"ok","migrated_to":null,"unknown_peppers":[1]}"#;
        let productions = r#"{"status":"ok","migrated_to":null,"unknown_peppers":[],"is_productions":true}"#;
        for database in
            [other_pepper, productions, r#"{"status":"ok","migrated_to":"20250101000000","unknown_peppers":[]}"#]
        {
            let app = stores::app((StatusCode::OK, database), COMMAND, EMPTY, false).await;
            let (status, body) = read(show(State(app)).await.into_response()).await;
            assert_eq!((status, &body["status"], &body["database"]), (503, &"degraded".into(), &"mismatch".into()));
            assert_eq!(body["deployment"], json!({"environment": "preview", "commit": null, "branch": null}));
        }
        let open = r#"{"result":["chutes:a/b","5 32503680000000","portkey:a/b","5 1"]}"#;
        let app = stores::app(WELL, COMMAND, (StatusCode::OK, open), false).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"], &body["redis"]), (200, &"degraded".into(), &"ok".into()));
        assert_eq!(body["providers"]["chutes"], "failing");
        let refused = r#"{"result":["chutes:a/b","5 32503680000000","chutes","1 32503680000000"]}"#;
        let app = stores::app(WELL, COMMAND, (StatusCode::OK, refused), false).await;
        let (_, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!(body["providers"]["chutes"], "refusing");
    }

    #[tokio::test]
    async fn a_store_that_is_out_is_named_and_nothing_more_is_said() {
        let broken = (StatusCode::BAD_GATEWAY, "<html>postgres at 10.0.0.7 refused</html>");
        let app = stores::app(broken, COMMAND, EMPTY, false).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"], &body["database"]), (503, &"degraded".into(), &"unavailable".into()));
        assert!(!body.to_string().contains("10.0.0.7"), "{body}");
        let app = stores::app(WELL, COMMAND, (StatusCode::UNAUTHORIZED, r#"{"error":"WRONGPASS"}"#), false).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"], &body["redis"]), (200, &"degraded".into(), &"unavailable".into()));
        assert!(!body.to_string().contains("WRONGPASS"), "{body}");
    }
}
