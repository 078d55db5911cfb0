//! `GET /v1/models/{*id}`: One model, by its id.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/models/[id]", shared::routes::v1_model)
}
