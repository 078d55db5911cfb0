//! `GET /admin/plans`: What plans make of prices.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/plans", shared::routes::admin_plans)
}
