//! `GET /api/cron/sweep-holds`: Settles calls whose function died: open holds, and settlements in the outbox.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/sweep-holds", shared::routes::cron_sweep_holds)
}
