//! `POST /user/payments/{id}/refund`: Returns what is unspent of a payment that is not a day old.

fn main() -> std::process::ExitCode {
    shared::function::run("user/payments/[id]/refund", shared::routes::user_payment_refund)
}
