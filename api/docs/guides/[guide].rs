//! `GET /docs/guides/{guide}`: A guide, as a page or, with `.md` behind its name, as Markdown.

fn main() -> std::process::ExitCode {
    shared::function::run("docs/guides/[guide]", shared::routes::docs_guide)
}
