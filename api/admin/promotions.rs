//! `GET /admin/promotions`: The budgets that coupons draw on.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/promotions", shared::routes::admin_promotions)
}
