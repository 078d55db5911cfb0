//! `POST /v1/chat/completions`: OpenAI chat, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/completions", shared::routes::v1_chat_completions)
}
