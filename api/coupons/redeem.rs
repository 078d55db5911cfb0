//! `POST /coupons/redeem`: Credit for a code.

fn main() -> std::process::ExitCode {
    shared::function::run("coupons/redeem", shared::routes::coupons_redeem)
}
