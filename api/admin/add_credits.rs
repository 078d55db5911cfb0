//! `POST /admin/add_credits`: Gives an account credit, or takes unspent credit back.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/add_credits", shared::routes::admin_add_credits)
}
