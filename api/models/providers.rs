//! `GET /models/providers`: How many models each provider serves, and for how much.

fn main() -> std::process::ExitCode {
    shared::function::run("models/providers", shared::routes::models_providers)
}
