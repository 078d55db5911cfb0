//! `GET /api/cron/notifications`: Sends the mail that is due.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/notifications", shared::routes::cron_notifications)
}
