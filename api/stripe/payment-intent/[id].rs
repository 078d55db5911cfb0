//! `GET /api/stripe/payment-intent/{id}`: How such a payment stands; credits it if it is paid.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/payment-intent/[id]", shared::routes::stripe_payment_intent)
}
