//! `POST /subscription/change`: Changes to a dearer plan, or a longer interval, now.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/change", shared::routes::subscription_change)
}
