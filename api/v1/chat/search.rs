//! `POST /v1/chat/search`: Messages by their words.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/chat/search", shared::routes::v1_chat_search)
}
