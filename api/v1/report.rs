//! `GET /v1/report`: Usage in groups, as JSON or CSV.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/report", shared::routes::v1_report)
}
