//! `GET /ping`: Answers pong and counts.

fn main() -> std::process::ExitCode {
    shared::serve::run("ping", shared::routes::ping)
}
