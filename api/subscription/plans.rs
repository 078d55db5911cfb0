//! `GET /subscription/plans`: Plans that can be subscribed to.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/plans", shared::routes::subscription_plans)
}
