//! `POST /api/stripe/payment-intent`: A payment for a page of one's own.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/payment-intent", shared::routes::stripe_payment_intents)
}
