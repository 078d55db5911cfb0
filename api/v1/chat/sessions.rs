//! `POST /v1/chat/sessions`, `GET /v1/chat/sessions`: Chats that are kept: new ones and all of them.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/sessions", shared::routes::v1_chat_sessions)
}
