//! `GET /user/notifications/preferences`, `PATCH /user/notifications/preferences`: Which mail the account gets.

fn main() -> std::process::ExitCode {
    shared::function::run("user/notifications/preferences", shared::routes::user_notification_preferences)
}
