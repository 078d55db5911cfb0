//! `GET /admin/requests/{id}`: One of them, with its attempts and what each part of it cost.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/requests/[id]", shared::routes::admin_request)
}
