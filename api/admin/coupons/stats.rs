//! `GET /admin/coupons/stats`: All coupons together, and the promotions' budgets.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/coupons/stats", shared::routes::admin_coupon_stats)
}
