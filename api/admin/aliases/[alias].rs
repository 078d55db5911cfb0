//! `PUT /admin/aliases/{*alias}`, `DELETE /admin/aliases/{*alias}`: One of them: has it mean a model, deletes it.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/aliases/[alias]", shared::routes::admin_alias)
}
