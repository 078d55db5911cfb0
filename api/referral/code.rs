//! `GET /referral/code`: The caller's code to recommend the gateway by.

fn main() -> std::process::ExitCode {
    shared::function::run("referral/code", shared::routes::referral_code)
}
