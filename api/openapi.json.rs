//! `GET /openapi.json`: The API in OpenAPI 3.1.

fn main() -> std::process::ExitCode {
    shared::function::run("openapi.json", shared::routes::openapi_json)
}
