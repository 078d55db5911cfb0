//! `POST /auth/register`: Mails a code to sign in with.

fn main() -> std::process::ExitCode {
    shared::function::run("auth/register", shared::routes::auth_register)
}
