//! `GET /v1/activity`: What was used in the last thirty days.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/activity", shared::routes::v1_activity)
}
