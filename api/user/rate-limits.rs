//! `GET /user/rate-limits`: The rate limits of every key.

fn main() -> std::process::ExitCode {
    shared::function::run("user/rate-limits", shared::routes::user_rate_limits)
}
