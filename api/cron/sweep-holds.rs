//! `GET /api/cron/sweep-holds`: Releases what dead functions left behind.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/sweep-holds", shared::routes::cron_sweep_holds)
}
