//! `POST /auth/privy`: Signs in with tokens of Privy; a new user gets an account, its trial and its primary key.

fn main() -> std::process::ExitCode {
    shared::function::run("auth/privy", shared::routes::auth_privy)
}
