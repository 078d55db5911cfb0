//! `GET /v1/generation/content`: What was said in one call, where it is kept.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/generation/content", shared::routes::v1_generation_content)
}
