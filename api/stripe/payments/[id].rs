//! `GET /api/stripe/payments/{id}`: One payment, with its receipt.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/payments/[id]", shared::routes::stripe_payment)
}
