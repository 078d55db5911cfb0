//! `GET /admin/ledger/check`: Every invariant of the ledger, over all accounts.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/ledger/check", shared::routes::admin_ledger_check)
}
