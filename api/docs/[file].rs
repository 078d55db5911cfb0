//! `GET /docs/{file}`: What the documentation's pages are rendered with.

fn main() -> std::process::ExitCode {
    shared::function::run("docs/[file]", shared::routes::docs_asset)
}
