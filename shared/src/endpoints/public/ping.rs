//! `/ping`: proves that requests arrive, and counts them.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use jiff::Timestamp;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::timestamp;
use crate::app::{App, SharedApp};

/// Pings that this process has answered: what is left to count by when Redis is not there.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// That the gateway is there.
#[derive(ToSchema)]
pub struct Pong {
    /// `pong`.
    pub message: String,
    /// Pings so far.
    pub count: u64,
    /// Now.
    pub timestamp: Timestamp,
}

/// How many pings there were.
#[derive(ToSchema)]
pub struct PingStats {
    /// Pings so far.
    pub total_pings: u64,
    /// `everywhere`, or `by_this_instance` when Redis is away.
    pub counted: String,
    /// Now.
    pub timestamp: Timestamp,
}

/// `GET /ping`
#[utoipa::path(get, path = "/ping", tag = "public", responses((status = 200, body = Pong)))]
pub async fn answer(State(app): State<SharedApp>) -> impl IntoResponse {
    let by_instance = ANSWERED.fetch_add(1, Ordering::Relaxed) + 1;
    let count = counted(&app, "INCR").await.unwrap_or(by_instance);
    uncached(json!({ "message": "pong", "count": count, "timestamp": timestamp() }))
}

/// `GET /ping/stats`
#[utoipa::path(get, path = "/ping/stats", tag = "public", responses((status = 200, body = PingStats)))]
pub async fn stats(State(app): State<SharedApp>) -> impl IntoResponse {
    let by_instance = ANSWERED.load(Ordering::Relaxed);
    let everywhere = counted(&app, "GET").await;
    uncached(json!({
        "total_pings": everywhere.unwrap_or(by_instance),
        "counted": if everywhere.is_some() { "everywhere" } else { "by_this_instance" },
        "timestamp": timestamp(),
    }))
}

/// The answer of `command` (INCR or GET) on the shared count; none when Redis is not configured or away.
async fn counted(app: &App, command: &str) -> Option<u64> {
    let key = format!("{}ping:count", app.config.redis_prefix);
    match app.upstash_if_configured()?.command(&[command, &key]).await {
        // INCR answers a number, GET a string, or null before the first INCR.
        Ok(Value::Null) => Some(0),
        Ok(Value::String(text)) => text.parse().ok(),
        Ok(number) => number.as_u64(),
        Err(error) => {
            tracing::warn!(%error, "pings are counted by instance");
            None
        }
    }
}

fn uncached(body: Value) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(body))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http_body_util::BodyExt as _;

    use super::super::stores;
    use super::*;

    const UNUSED: (StatusCode, &str) = (StatusCode::NOT_FOUND, "");

    async fn read(response: impl IntoResponse) -> Value {
        let body = response.into_response().into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }

    #[tokio::test]
    async fn pings_are_counted_in_redis_under_the_deployments_prefix() {
        let incremented = (StatusCode::OK, r#"{"result":41}"#);
        let app = stores::app(UNUSED, r#"["INCR","preview:ping:count"]"#, incremented, false).await;
        assert_eq!(read(answer(State(app)).await).await["count"], 41);
        let read_back = (StatusCode::OK, r#"{"result":"41"}"#);
        let app = stores::app(UNUSED, r#"["GET","preview:ping:count"]"#, read_back, false).await;
        let body = read(stats(State(app)).await).await;
        assert_eq!((&body["total_pings"], &body["counted"]), (&41.into(), &"everywhere".into()));
    }

    #[tokio::test]
    async fn without_redis_the_instance_counts() {
        let refused = (StatusCode::OK, r#"{"error":"ERR max requests limit exceeded"}"#);
        let app = stores::app(UNUSED, r#"["INCR","preview:ping:count"]"#, refused, false).await;
        let count = |body: Value| body["count"].as_u64().expect("a count");
        let first = count(read(answer(State(app.clone())).await).await);
        assert!(first >= 1 && count(read(answer(State(app)).await).await) > first);
    }
}
