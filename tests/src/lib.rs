//! What the tests drive the gateway with: hosts that start a compiled function and treat it as its platform does.

pub mod answer;
pub mod deadline;
pub mod facts;
pub mod function;
pub mod lambda;
pub mod people;
pub mod plain;
pub mod receiver;
pub mod rows;
pub mod said;
pub mod scripted;
mod skips;
pub mod vercel;
pub mod watch;
pub mod whole;
pub mod wire;
pub mod world;

use std::time::Duration;

pub use skips::skipped;

/// The time in seconds since 1970.
///
/// # Panics
/// Before 1970.
#[must_use]
pub fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(now.as_secs()).expect("a time")
}

/// How long a test waits for something that is certain to come: a safety net, never part of what is tested.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The HTTP client of the tests: no proxy, no redirects.
///
/// # Panics
/// When the client cannot be built.
#[must_use]
pub fn http_client() -> reqwest::Client {
    let nothing = shared::config::Config::from_lookup(|_| None);
    shared::app::App::new(nothing, &[]).expect("an HTTP client can be built").http.clone()
}

/// `future`'s answer, or a panic that says what did not come.
///
/// # Panics
/// When [`PATIENCE`] has run out.
pub async fn certain<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}
