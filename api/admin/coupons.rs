//! `POST /admin/coupons`, `GET /admin/coupons`: Coupons: makes them, one or many, and lists them.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/coupons", shared::routes::admin_coupons)
}
