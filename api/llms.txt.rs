//! `GET /llms.txt`: What is documented, for programs that read it: the guides' list (llmstxt.org).

fn main() -> std::process::ExitCode {
    shared::function::run("llms.txt", shared::routes::llms_txt)
}
