//! `GET /v1/providers`: Who serves models.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/providers", shared::routes::v1_providers)
}
