//! `GET /`: The service card: what this is, and where everything else is.

fn main() -> std::process::ExitCode {
    shared::serve::run("root", shared::routes::root)
}
