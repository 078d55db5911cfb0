//! `GET /v1/chat/stats`: How much is kept of chats.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/stats", shared::routes::v1_chat_stats)
}
