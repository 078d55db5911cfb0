//! `POST /api/resend/webhook`: What Resend tells of addresses that take no mail.

fn main() -> std::process::ExitCode {
    shared::function::run("resend/webhook", shared::routes::resend_webhook)
}
