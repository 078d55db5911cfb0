//! `GET /user/environment-usage`: Usage by the environment of the key.

fn main() -> std::process::ExitCode {
    shared::serve::run("user/environment-usage", shared::routes::user_environment_usage)
}
