//! `GET /trial/status`: The account's trial: whether it can be begun, and what is left of it.

fn main() -> std::process::ExitCode {
    shared::function::run("trial/status", shared::routes::trial_status)
}
