//! `GET /user/credit-transactions`: The ledger, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("user/credit-transactions", shared::routes::user_credit_transactions)
}
