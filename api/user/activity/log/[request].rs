//! `GET /user/activity/log/{request}`: One of them, with its attempts and what each part of it cost.

fn main() -> std::process::ExitCode {
    shared::function::run("user/activity/log/[request]", shared::routes::user_activity_request)
}
