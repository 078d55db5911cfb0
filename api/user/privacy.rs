//! `GET /user/privacy`, `PATCH /user/privacy`: What is kept of an account, and for how long.

fn main() -> std::process::ExitCode {
    shared::function::run("user/privacy", shared::routes::user_privacy)
}
