//! `GET /user/auto-topup`, `PUT /user/auto-topup`: Credit that is bought by itself: what is agreed to, and how it stands.

fn main() -> std::process::ExitCode {
    shared::function::run("user/auto-topup", shared::routes::user_auto_topup)
}
