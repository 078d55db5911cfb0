//! `POST /api/stripe/refund`: Refunds a payment.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/refund", shared::routes::stripe_refund)
}
