//! `GET /api/cron/retention`: Forgets what is past its account's retention.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/retention", shared::routes::cron_retention)
}
