//! `GET /user/statement`: A month of an account's money, as JSON or as a page to be printed.

fn main() -> std::process::ExitCode {
    shared::function::run("user/statement", shared::routes::user_statement)
}
