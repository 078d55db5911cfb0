//! `POST /user/webhooks/{id}/rotate-secret`: A new secret for a webhook.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks/[id]/rotate-secret", shared::routes::user_webhook_rotate)
}
