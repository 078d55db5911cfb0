//! `DELETE /user/account`: Deletes the account.

fn main() -> std::process::ExitCode {
    shared::function::run("user/account", shared::routes::user_account)
}
