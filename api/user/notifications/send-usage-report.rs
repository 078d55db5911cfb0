//! `POST /user/notifications/send-usage-report`: Mails what was used this month.

fn main() -> std::process::ExitCode {
    shared::function::run("user/notifications/send-usage-report", shared::routes::user_usage_report)
}
