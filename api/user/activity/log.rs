//! `GET /user/activity/log`: Requests one by one, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("user/activity/log", shared::routes::user_activity_log)
}
