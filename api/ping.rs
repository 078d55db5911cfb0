//! `GET /ping`: Answers pong and counts.

fn main() -> std::process::ExitCode {
    shared::function::run("ping", shared::routes::ping)
}
