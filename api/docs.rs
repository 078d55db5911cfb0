//! `GET /docs`: The API's documentation, rendered.

fn main() -> std::process::ExitCode {
    shared::function::run("docs", shared::routes::docs_page)
}
