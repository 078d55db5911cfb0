//! `GET /models`: The catalog of models, page by page.

fn main() -> std::process::ExitCode {
    shared::function::run("models", shared::routes::models)
}
