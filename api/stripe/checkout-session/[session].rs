//! `GET /api/stripe/checkout-session/{session}`: How the payment of such a page stands; credits it if it is paid.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/checkout-session/[session]", shared::routes::stripe_checkout_session)
}
