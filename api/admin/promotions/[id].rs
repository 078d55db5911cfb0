//! `PUT /admin/promotions/{id}`: Makes a promotion, or changes its budget.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/promotions/[id]", shared::routes::admin_promotion)
}
