//! `GET /admin/aliases`: Further names of models.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/aliases", shared::routes::admin_aliases)
}
