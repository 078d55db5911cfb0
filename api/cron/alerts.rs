//! `GET /api/cron/alerts`: Looks for what the operator should be told at once.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/alerts", shared::routes::cron_alerts)
}
