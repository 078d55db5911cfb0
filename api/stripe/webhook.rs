//! `POST /api/stripe/webhook`: What Stripe tells of payments, refunds and disputes.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/webhook", shared::routes::stripe_webhook)
}
