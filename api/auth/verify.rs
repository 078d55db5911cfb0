//! `POST /auth/verify`: Signs in with a code that was mailed, and issues a key.

fn main() -> std::process::ExitCode {
    shared::function::run("auth/verify", shared::routes::auth_verify)
}
