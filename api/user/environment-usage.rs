//! `GET /user/environment-usage`: Usage by the environment of the key.

fn main() -> std::process::ExitCode {
    shared::function::run("user/environment-usage", shared::routes::user_environment_usage)
}
