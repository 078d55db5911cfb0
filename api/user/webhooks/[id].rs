//! `GET /user/webhooks/{id}`, `PATCH /user/webhooks/{id}`, `DELETE /user/webhooks/{id}`: One webhook: reads it, changes it, switches it on or off, deletes it.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks/[id]", shared::routes::user_webhook)
}
