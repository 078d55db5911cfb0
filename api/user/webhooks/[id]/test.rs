//! `POST /user/webhooks/{id}/test`: Sends a webhook a test.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks/[id]/test", shared::routes::user_webhook_test)
}
