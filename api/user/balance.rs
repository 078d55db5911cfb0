//! `GET /user/balance`: Credits, what is reserved and what is available.

fn main() -> std::process::ExitCode {
    shared::function::run("user/balance", shared::routes::user_balance)
}
