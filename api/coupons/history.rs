//! `GET /coupons/history`: Coupons that the caller has used, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("coupons/history", shared::routes::coupons_history)
}
