//! `GET /admin/requests/{request}`: One request of any account: whose it was, its attempts, its cost in parts.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/requests/[request]", shared::routes::admin_request)
}
