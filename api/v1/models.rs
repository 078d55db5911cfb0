//! `GET /v1/models`: The catalog as OpenAI's clients read it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/models", shared::routes::v1_models)
}
