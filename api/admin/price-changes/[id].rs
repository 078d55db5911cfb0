//! `POST /admin/price-changes/{id}`: Takes a price that waits, or does not.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/price-changes/[id]", shared::routes::admin_price_change)
}
