//! `POST /user/api-keys`, `GET /user/api-keys`: API keys: new ones, each shown once, and all of them.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys", shared::routes::user_api_keys)
}
