//! `GET /v1/chat/sessions/{id}`, `PATCH /v1/chat/sessions/{id}`, `DELETE /v1/chat/sessions/{id}`: One chat with its messages: reads it, changes its title, deletes it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/sessions/[id]", shared::routes::v1_chat_session)
}
