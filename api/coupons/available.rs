//! `GET /coupons/available`: Coupons that the caller may use now.

fn main() -> std::process::ExitCode {
    shared::function::run("coupons/available", shared::routes::coupons_available)
}
