//! `POST /referral/apply`: Says who recommended the gateway to the caller.

fn main() -> std::process::ExitCode {
    shared::function::run("referral/apply", shared::routes::referral_apply)
}
