//! `GET /llms-full.txt`: All guides in one text, for programs that read it.

fn main() -> std::process::ExitCode {
    shared::function::run("llms-full.txt", shared::routes::llms_full_txt)
}
