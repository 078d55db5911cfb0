//! `GET /user/webhooks/{id}/deliveries`: What a webhook was told, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks/[id]/deliveries", shared::routes::user_webhook_deliveries)
}
