//! `GET /admin/notifications/stats`: How the outbox of mail stands.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/notifications/stats", shared::routes::admin_notification_stats)
}
