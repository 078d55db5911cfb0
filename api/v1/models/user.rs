//! `GET /v1/models/user`: The models that the calling key may use.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/models/user", shared::routes::v1_models_user)
}
