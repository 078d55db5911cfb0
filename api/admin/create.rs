//! `POST /admin/create`: A new account with its primary key.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/create", shared::routes::admin_create)
}
