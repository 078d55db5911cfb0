//! `POST /v1/auth/keys/code`: A user agrees to a key for an app.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/auth/keys/code", shared::routes::v1_auth_keys_code)
}
