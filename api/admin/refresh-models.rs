//! `POST /admin/refresh-models`: Reads every provider's own list of models now.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/refresh-models", shared::routes::admin_refresh_models)
}
