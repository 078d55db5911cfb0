//! A timer that stands for the cron jobs.

use std::net::SocketAddr;
use std::time::Duration;

use shared::routes::ROUTES;

/// How often the timer does what a cron does in production.
const CRON_INTERVAL: Duration = Duration::from_secs(300);
/// Calls each route that has a cron schedule, as Vercel would.
pub(super) async fn run(client: reqwest::Client, gateway: SocketAddr, secret: String) {
    let mut timer = tokio::time::interval(CRON_INTERVAL);
    timer.tick().await;
    loop {
        timer.tick().await;
        for path in ROUTES.iter().filter(|route| route.cron.is_some()).filter_map(|route| route.paths.first()) {
            let call = client.get(format!("http://{gateway}{path}")).bearer_auth(&secret).send().await;
            match call {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => tracing::warn!(path, status = %answer.status(), "a cron job failed"),
                Err(error) => tracing::warn!(path, %error, "a cron job failed"),
            }
        }
    }
}
