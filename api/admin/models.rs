//! `GET /admin/models`, `POST /admin/models`: The catalog: all models, and new ones.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/models", shared::routes::admin_models)
}
