//! `GET /api/stripe/payment-intent/{intent}`: How such a payment stands; credits it if it is paid.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/payment-intent/[intent]", shared::routes::stripe_payment_intent)
}
