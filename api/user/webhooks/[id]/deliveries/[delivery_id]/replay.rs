//! `POST /user/webhooks/{id}/deliveries/{delivery_id}/replay`: Sends a delivery again.

fn main() -> std::process::ExitCode {
    shared::function::run("user/webhooks/[id]/deliveries/[delivery_id]/replay", shared::routes::user_webhook_replay)
}
