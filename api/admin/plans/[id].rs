//! `PATCH /admin/plans/{id}`: What a plan makes of prices from now on.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/plans/[id]", shared::routes::admin_plan)
}
