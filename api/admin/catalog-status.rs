//! `GET /admin/catalog-status`: How the catalog stands to these lists, and what of them waits.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/catalog-status", shared::routes::admin_catalog_status)
}
