//! `GET /referral/history`: The caller's recommendations, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("referral/history", shared::routes::referral_history)
}
