//! `GET /admin/referrals`: All recommendations, with why one earns nothing.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/referrals", shared::routes::admin_referrals)
}
