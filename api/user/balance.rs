//! `GET /user/balance`: Credits, what is reserved and what is available.

fn main() -> std::process::ExitCode {
    shared::serve::run("user/balance", shared::routes::user_balance)
}
