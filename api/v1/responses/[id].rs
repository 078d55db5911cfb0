//! `GET /v1/responses/{id}`, `DELETE /v1/responses/{id}`: One stored response: reads it, deletes it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/responses/[id]", shared::routes::v1_response)
}
