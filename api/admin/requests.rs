//! `GET /admin/requests`: Finds requests among those of all accounts.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/requests", shared::routes::admin_requests)
}
