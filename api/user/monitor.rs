//! `GET /user/monitor`: Usage at a glance.

fn main() -> std::process::ExitCode {
    shared::serve::run("user/monitor", shared::routes::user_monitor)
}
