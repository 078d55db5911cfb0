//! `POST /admin/limit`: An account's own limits in place of its plan's.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/limit", shared::routes::admin_limit)
}
