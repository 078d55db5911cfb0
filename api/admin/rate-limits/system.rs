//! `GET /admin/rate-limits/system`: How the limiter stands, and which limits hold.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/rate-limits/system", shared::routes::admin_limit_system)
}
