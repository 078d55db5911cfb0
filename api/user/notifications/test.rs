//! `POST /user/notifications/test`: Mails the account, to see whether mail reaches it.

fn main() -> std::process::ExitCode {
    shared::function::run("user/notifications/test", shared::routes::user_notification_test)
}
