//! `GET /auth/methods`: The ways to sign in at this deployment.

fn main() -> std::process::ExitCode {
    shared::function::run("auth/methods", shared::routes::auth_methods)
}
