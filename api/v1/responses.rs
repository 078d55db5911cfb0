//! `POST /v1/responses`: OpenAI's Responses, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/responses", shared::routes::v1_responses)
}
