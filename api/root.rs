//! `GET /`: The service card: what this is, and where everything else is.

fn main() -> std::process::ExitCode {
    shared::function::run("root", shared::routes::root)
}
