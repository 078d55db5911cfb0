//! `GET /referral/stats`: What the caller's recommendations have brought; gives what is due.

fn main() -> std::process::ExitCode {
    shared::function::run("referral/stats", shared::routes::referral_stats)
}
