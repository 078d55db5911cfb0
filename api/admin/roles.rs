//! `GET /admin/roles`, `POST /admin/roles`: Roles and what they may do.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/roles", shared::routes::admin_roles)
}
