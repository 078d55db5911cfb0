//! `GET /api/stripe/payments`: What was bought, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/payments", shared::routes::stripe_payments)
}
