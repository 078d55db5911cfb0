//! `GET /health`: Whether the gateway and its stores are well.

fn main() -> std::process::ExitCode {
    shared::function::run("health", shared::routes::health)
}
