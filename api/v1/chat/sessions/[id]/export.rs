//! `GET /v1/chat/sessions/{id}/export`: A whole chat as a file.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/sessions/[id]/export", shared::routes::v1_chat_session_export)
}
