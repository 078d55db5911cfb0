//! `GET /v1/models/count`: How many models there are.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/models/count", shared::routes::v1_models_count)
}
