//! `GET /user/profile`, `PATCH /user/profile`: What an account says of itself.

fn main() -> std::process::ExitCode {
    shared::function::run("user/profile", shared::routes::user_profile)
}
