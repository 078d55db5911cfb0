//! `GET /user/notifications/thresholds`, `PATCH /user/notifications/thresholds`: From what spending on the account is told.

fn main() -> std::process::ExitCode {
    shared::function::run("user/notifications/thresholds", shared::routes::user_notification_thresholds)
}
