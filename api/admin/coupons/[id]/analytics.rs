//! `GET /admin/coupons/{id}/analytics`: What a coupon has brought.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/coupons/[id]/analytics", shared::routes::admin_coupon_analytics)
}
