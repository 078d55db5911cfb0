//! `DELETE /user/account`: The account's end.

fn main() -> std::process::ExitCode {
    shared::function::run("user/account", shared::routes::user_account)
}
