//! `GET /user/plan/entitlements`: What it allows.

fn main() -> std::process::ExitCode {
    shared::function::run("user/plan/entitlements", shared::routes::user_plan_entitlements)
}
