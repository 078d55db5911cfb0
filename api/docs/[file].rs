//! `GET /docs/{file}`: What the documentation's page is rendered with.

fn main() -> std::process::ExitCode {
    shared::function::run("docs/[file]", shared::routes::docs_asset)
}
