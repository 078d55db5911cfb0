//! `DELETE /user/cache`: Forgets cached answers.

fn main() -> std::process::ExitCode {
    shared::function::run("user/cache", shared::routes::user_cache)
}
