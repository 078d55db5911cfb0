//! `/health`: whether the gateway and its stores are well, in words that say nothing about where they are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::timestamp;
use crate::app::{App, SharedApp};

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
}

/// What the SQL function `health` answers.
#[derive(Deserialize)]
struct Report {
    status: String,
}

/// How the gateway is.
#[derive(ToSchema)]
pub struct Health {
    /// `healthy`, or `degraded` when a store is out.
    pub status: String,
    /// The gateway's version.
    pub version: String,
    /// The database.
    pub database: Condition,
    /// The counters.
    pub redis: Condition,
    /// Each provider: `configured` or `not_configured`.
    pub providers: BTreeMap<String, String>,
    /// Now.
    pub timestamp: Timestamp,
}

/// `GET /health`: 503 when the database is out, since nothing that costs money works without it.
#[utoipa::path(get, path = "/health", tag = "public",
    responses((status = 200, body = Health), (status = 503, description = "The database is out.", body = Health)))]
pub async fn show(State(app): State<SharedApp>) -> impl IntoResponse {
    let (database, redis) = tokio::join!(database(&app), redis(&app));
    let well = (database, redis) == (Condition::Ok, Condition::Ok);
    let status = if database == Condition::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if well { "healthy" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "database": database,
        "redis": redis,
        "providers": providers(&app),
        "timestamp": timestamp(),
    });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body))
}

async fn database(app: &App) -> Condition {
    let Some(supabase) = app.supabase_if_configured() else { return Condition::NotConfigured };
    match supabase.rpc::<Report>("health", &json!({})).await {
        Ok(report) if report.status == "ok" => Condition::Ok,
        Ok(report) => {
            tracing::warn!(status = report.status, "the database is not well");
            Condition::Unavailable
        }
        Err(error) => {
            tracing::warn!(%error, "the database cannot be used");
            Condition::Unavailable
        }
    }
}

async fn redis(app: &App) -> Condition {
    let Some(upstash) = app.upstash_if_configured() else { return Condition::NotConfigured };
    match upstash.command(&["PING"]).await {
        Ok(Value::String(pong)) if pong == "PONG" => Condition::Ok,
        Ok(_) => Condition::Unavailable,
        Err(error) => {
            tracing::warn!(%error, "redis cannot be used");
            Condition::Unavailable
        }
    }
}

fn providers(app: &App) -> Map<String, Value> {
    let word = |configured: bool| if configured { "configured" } else { "not_configured" };
    app.config.providers.iter().map(|it| (it.provider.name.to_owned(), word(it.key.is_some()).into())).collect()
}

#[cfg(test)]
mod tests {
    use axum::response::Response;
    use http_body_util::BodyExt as _;

    use super::super::stores;
    use super::*;

    const WELL: (StatusCode, &str) = (StatusCode::OK, r#"{"status":"ok"}"#);
    const PONG: (StatusCode, &str) = (StatusCode::OK, r#"{"result":"PONG"}"#);

    async fn read(response: Response) -> (u16, Value) {
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn both_stores_are_asked_at_the_same_time() {
        let app = stores::app(WELL, r#"["PING"]"#, PONG, true).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"]), (200, &Value::from("healthy")), "{body}");
        assert_eq!(body["providers"]["chutes"], "configured");
        assert_eq!(body["providers"]["openrouter"], "not_configured");
    }

    #[tokio::test]
    async fn a_store_that_is_out_is_named_and_nothing_more_is_said() {
        let broken = (StatusCode::BAD_GATEWAY, "<html>postgres at 10.0.0.7 refused</html>");
        let app = stores::app(broken, r#"["PING"]"#, PONG, false).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"], &body["database"]), (503, &"degraded".into(), &"unavailable".into()));
        assert!(!body.to_string().contains("10.0.0.7"), "{body}");
        let app = stores::app(WELL, r#"["PING"]"#, (StatusCode::UNAUTHORIZED, r#"{"error":"WRONGPASS"}"#), false).await;
        let (status, body) = read(show(State(app)).await.into_response()).await;
        assert_eq!((status, &body["status"], &body["redis"]), (200, &"degraded".into(), &"unavailable".into()));
        assert!(!body.to_string().contains("WRONGPASS"), "{body}");
    }
}
