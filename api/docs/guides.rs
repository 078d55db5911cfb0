//! `GET /docs/guides`: The guides' index: how to do what one wants to do.

fn main() -> std::process::ExitCode {
    shared::function::run("docs/guides", shared::routes::docs_guides)
}
