//! `GET /user/activity/export`: Requests one by one, as a file for spreadsheets.

fn main() -> std::process::ExitCode {
    shared::function::run("user/activity/export", shared::routes::user_activity_export)
}
