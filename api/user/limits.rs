//! `GET /user/limits`: Every limit of the calling key, and what is left.

fn main() -> std::process::ExitCode {
    shared::function::run("user/limits", shared::routes::user_limits)
}
