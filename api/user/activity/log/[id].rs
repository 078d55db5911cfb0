//! `GET /user/activity/log/{id}`: One of them, with its attempts and what each part of it cost.

fn main() -> std::process::ExitCode {
    shared::function::run("user/activity/log/[id]", shared::routes::user_activity_request)
}
