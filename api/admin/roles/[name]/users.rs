//! `GET /admin/roles/{name}/users`: Who has a role, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/roles/[name]/users", shared::routes::admin_role_users)
}
