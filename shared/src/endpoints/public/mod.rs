//! What anyone may ask.

pub mod health;
pub mod ping;
pub mod root;

/// The time as answers give it: RFC 3339 in UTC, to the millisecond.
fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod stores {
    //! Both stores, answering each command once and only while the other is being asked too.

    use std::sync::Arc;

    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::post;
    use http::{HeaderMap, StatusCode};
    use tokio::net::TcpListener;
    use tokio::sync::Barrier;

    use crate::app::{App, SharedApp};
    use crate::config::Config;

    /// An app whose database answers `database` to `rpc/health` and whose Redis answers `redis` to `command`. With
    /// `together` each waits for the other to be asked.
    pub async fn app(
        database: (StatusCode, &'static str),
        command: &'static str,
        redis: (StatusCode, &'static str),
        together: bool,
    ) -> SharedApp {
        let barrier = Arc::new(Barrier::new(if together { 2 } else { 1 }));
        let rendezvous = barrier.clone();
        let health = move |headers: HeaderMap, body: Bytes| async move {
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!((headers["apikey"].as_bytes(), &body["peppers"]), (&b"sb_secret_x"[..], &serde_json::json!({})));
            assert_eq!(body["deployment"]["environment"], "preview");
            rendezvous.wait().await;
            database
        };
        let upstash = move |headers: HeaderMap, body: Bytes| async move {
            assert_eq!((headers["authorization"].as_bytes(), &body[..]), (&b"Bearer t"[..], command.as_bytes()));
            barrier.wait().await;
            redis
        };
        let router = Router::new().route("/rest/v1/rpc/health", post(health)).route("/", post(upstash));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = Config::from_lookup(|name| match name {
            "SUPABASE_URL" | "UPSTASH_REDIS_REST_URL" => Some(url.clone()),
            "SUPABASE_SECRET_KEY" => Some("sb_secret_x".to_owned()),
            "UPSTASH_REDIS_REST_TOKEN" => Some("t".to_owned()),
            "VERCEL_ENV" => Some("preview".to_owned()),
            "CHUTES_API_KEY" => Some("c".to_owned()),
            _ => None,
        });
        App::new(config, &[]).expect("an app")
    }
}
