//! `POST /v1/keys`, `GET /v1/keys`: Keys that a backend makes for its own customers.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/keys", shared::routes::v1_keys)
}
