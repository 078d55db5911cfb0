//! `POST /referral/validate`: Whether somebody else's code is one.

fn main() -> std::process::ExitCode {
    shared::function::run("referral/validate", shared::routes::referral_validate)
}
