//! `GET /admin/models/{*id}`, `PATCH /admin/models/{*id}`: One model: reads it, changes it, disables it.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/models/[id]", shared::routes::admin_model)
}
