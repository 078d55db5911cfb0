//! `GET /admin/transaction-analytics`: The movements of all accounts' credit.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/transaction-analytics", shared::routes::admin_transaction_analytics)
}
