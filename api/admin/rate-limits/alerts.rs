//! `GET /admin/rate-limits/alerts`: What the operator was told of, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/rate-limits/alerts", shared::routes::admin_alerts)
}
