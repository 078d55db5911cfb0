//! `POST /v1/messages`: Anthropic's Messages, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/messages", shared::routes::v1_messages)
}
