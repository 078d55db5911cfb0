//! `GET /user/activity/stats`: Usage by day, model, provider and key.

fn main() -> std::process::ExitCode {
    shared::function::run("user/activity/stats", shared::routes::user_activity_stats)
}
