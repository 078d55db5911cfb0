//! `POST /v1/chat/sessions/{id}/messages`: Puts a message into a chat.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/sessions/[id]/messages", shared::routes::v1_chat_session_messages)
}
