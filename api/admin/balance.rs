//! `GET /admin/balance`: What all accounts have and owe.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/balance", shared::routes::admin_balance)
}
