//! `POST /auth`, `GET /auth`: Signs in with tokens of Privy; shows the page at which a user agrees to a key for an app.

fn main() -> std::process::ExitCode {
    shared::function::run("auth", shared::routes::auth)
}
