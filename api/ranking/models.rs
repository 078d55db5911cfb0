//! `GET /ranking/models`: The models that are used most.

fn main() -> std::process::ExitCode {
    shared::function::run("ranking/models", shared::routes::ranking_models)
}
