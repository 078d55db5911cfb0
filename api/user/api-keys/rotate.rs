//! `POST /user/api-keys/rotate`: New secrets for all keys of an environment.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys/rotate", shared::routes::user_api_keys_rotate)
}
