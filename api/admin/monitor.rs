//! `GET /admin/monitor`: How the platform runs: now, in a window, and in the one before it.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/monitor", shared::routes::admin_monitor)
}
