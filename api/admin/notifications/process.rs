//! `POST /admin/notifications/process`: Sends the mail that is due.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/notifications/process", shared::routes::admin_notification_process)
}
