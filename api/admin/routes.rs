//! `GET /admin/routes`, `PUT /admin/routes`: How providers serve models, and for how much.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/routes", shared::routes::admin_routes)
}
