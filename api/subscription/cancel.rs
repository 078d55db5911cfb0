//! `POST /subscription/cancel`: Lets the plan end with its period.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/cancel", shared::routes::subscription_cancel)
}
