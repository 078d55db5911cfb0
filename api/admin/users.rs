//! `GET /admin/users`: Accounts, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/users", shared::routes::admin_users)
}
