//! `GET /plans/{id}`: One plan.

fn main() -> std::process::ExitCode {
    shared::function::run("plans/[id]", shared::routes::plan)
}
