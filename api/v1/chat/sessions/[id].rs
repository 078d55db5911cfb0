//! `GET /v1/chat/sessions/{id}`, `PATCH /v1/chat/sessions/{id}`, `DELETE /v1/chat/sessions/{id}`: One chat with its messages: its title, and its end.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/sessions/[id]", shared::routes::v1_chat_session)
}
