//! `GET /user/api-keys/usage`: What each key used.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys/usage", shared::routes::user_api_keys_usage)
}
