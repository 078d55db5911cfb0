//! `POST /api/stripe/checkout-session`: A page of Stripe's at which credit is paid.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/checkout-session", shared::routes::stripe_checkout_sessions)
}
