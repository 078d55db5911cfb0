//! `POST /subscription/checkout`: A page of Stripe's at which a plan is bought.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/checkout", shared::routes::subscription_checkout)
}
