//! `POST /user/webhooks`, `GET /user/webhooks`: Webhooks of one's own: new ones, each with a secret that is shown once, and all of them.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks", shared::routes::user_webhooks)
}
