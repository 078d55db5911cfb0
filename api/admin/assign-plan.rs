//! `POST /admin/assign-plan`: Gives an account a plan, or takes it away.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/assign-plan", shared::routes::admin_assign_plan)
}
