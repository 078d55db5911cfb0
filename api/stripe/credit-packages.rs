//! `GET /api/stripe/credit-packages`: What credit is sold in besides free amounts.

fn main() -> std::process::ExitCode {
    shared::function::run("stripe/credit-packages", shared::routes::stripe_credit_packages)
}
