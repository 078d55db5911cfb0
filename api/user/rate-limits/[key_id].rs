//! `PUT /user/rate-limits/{key_id}`: Lowers a key's rate limits.

fn main() -> std::process::ExitCode {
    shared::function::run("user/rate-limits/[key_id]", shared::routes::user_rate_limit)
}
