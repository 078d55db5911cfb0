//! `GET /v1/models/{*id}`: One model, by its id.

fn main() -> std::process::ExitCode {
    shared::serve::run("v1/models/[id]", shared::routes::v1_model)
}
