//! `GET /admin/trial/analytics`: What trials came to.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/trial/analytics", shared::routes::admin_trial_analytics)
}
