//! `GET /admin/users/{id}`, `PATCH /admin/users/{id}`: One account: what it is and has; its name, and whether it is disabled.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/users/[id]", shared::routes::admin_user)
}
