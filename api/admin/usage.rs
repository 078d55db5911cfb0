//! `GET /admin/usage`: The platform's usage by day, model and provider.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/usage", shared::routes::admin_usage)
}
