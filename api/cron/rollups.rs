//! `GET /api/cron/rollups`: Sums up the hours that are over.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/rollups", shared::routes::cron_rollups)
}
