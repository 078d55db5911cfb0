//! `GET /user/plan/usage`: What is used of it this month.

fn main() -> std::process::ExitCode {
    shared::function::run("user/plan/usage", shared::routes::user_plan_usage)
}
