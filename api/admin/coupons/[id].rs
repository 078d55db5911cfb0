//! `GET /admin/coupons/{id}`, `PATCH /admin/coupons/{id}`, `DELETE /admin/coupons/{id}`: One coupon: reads it, changes its limits, ends it.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/coupons/[id]", shared::routes::admin_coupon)
}
