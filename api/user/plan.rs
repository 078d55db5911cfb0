//! `GET /user/plan`: Which plan is in force for the account, why, and until when.

fn main() -> std::process::ExitCode {
    shared::function::run("user/plan", shared::routes::user_plan)
}
