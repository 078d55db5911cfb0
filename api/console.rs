//! `GET /console`: The console: a page for people, which uses this API and nothing else.

fn main() -> std::process::ExitCode {
    shared::function::run("console", shared::routes::console)
}
