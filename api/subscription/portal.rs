//! `POST /subscription/portal`: A page of Stripe's at which cards, invoices and the plan are managed.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/portal", shared::routes::subscription_portal)
}
