//! `GET /v1/responses/{id}/input_items`: What a stored response was asked.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/responses/[id]/input_items", shared::routes::v1_response_input_items)
}
