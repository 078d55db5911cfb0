//! `/health`: whether the gateway and its stores are well, in words that say nothing about where they are.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::timestamp;
use crate::app::{App, SharedApp};

/// How a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Condition {
    Ok,
    Unavailable,
    NotConfigured,
}

/// What the SQL function `health` answers.
#[derive(Deserialize)]
struct Report {
    status: String,
}

/// `GET /health`: 503 when the database is out, since nothing that costs money works without it.
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
