//! `GET /user/credit-transactions`: The ledger, newest first.

fn main() -> std::process::ExitCode {
    shared::serve::run("user/credit-transactions", shared::routes::user_credit_transactions)
}
