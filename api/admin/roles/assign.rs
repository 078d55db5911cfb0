//! `POST /admin/roles/assign`: Gives an account another role.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/roles/assign", shared::routes::admin_assign_role)
}
