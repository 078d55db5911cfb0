//! `GET /user/monitor`: Usage at a glance.

fn main() -> std::process::ExitCode {
    shared::function::run("user/monitor", shared::routes::user_monitor)
}
