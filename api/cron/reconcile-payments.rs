//! `GET /api/cron/reconcile-payments`: Finds out about payments that no webhook has told of, and asks for refunds that were not asked for.

fn main() -> std::process::ExitCode {
    shared::function::run("cron/reconcile-payments", shared::routes::cron_reconcile_payments)
}
