//! `POST /v1/messages/count_tokens`: How many tokens a message's prompt has, for free.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/messages/count_tokens", shared::routes::v1_messages_count_tokens)
}
