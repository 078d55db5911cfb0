//! `GET /api/cron/sync-models`: Reads providers' own lists of models.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/sync-models", shared::routes::cron_sync_models)
}
