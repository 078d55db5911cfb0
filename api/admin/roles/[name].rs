//! `PUT /admin/roles/{name}`, `DELETE /admin/roles/{name}`: A role of one's own making.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/roles/[name]", shared::routes::admin_role)
}
