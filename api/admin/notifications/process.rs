//! `POST /admin/notifications/process`: Sends the mail that is due, at once.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/notifications/process", shared::routes::admin_notification_process)
}
