//! `POST /v1/auth/keys`: An app gets the key that its user has agreed to.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/auth/keys", shared::routes::v1_auth_keys)
}
