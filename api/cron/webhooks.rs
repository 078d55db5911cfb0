//! `GET /api/cron/webhooks`: Tells users' webhooks what is due.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/webhooks", shared::routes::cron_webhooks)
}
