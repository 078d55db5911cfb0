//! `GET /plans`: Plans: what each allows and costs.

fn main() -> std::process::ExitCode {
    shared::function::run("plans", shared::routes::plans)
}
