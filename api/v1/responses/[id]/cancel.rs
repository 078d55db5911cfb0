//! `POST /v1/responses/{id}/cancel`: Says that a response which is there cannot be cancelled.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/responses/[id]/cancel", shared::routes::v1_response_cancel)
}
