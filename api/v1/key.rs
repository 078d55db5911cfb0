//! `GET /v1/key`: What the calling key is, may spend and has spent.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/key", shared::routes::v1_key)
}
