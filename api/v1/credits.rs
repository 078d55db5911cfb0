//! `GET /v1/credits`: All credit of the account, and what is used of it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/credits", shared::routes::v1_credits)
}
