//! `GET /admin/payments`: What all accounts have bought, with its refunds and disputes.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/payments", shared::routes::admin_payments)
}
