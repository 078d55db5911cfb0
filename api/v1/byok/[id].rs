//! `GET /v1/byok/{id}`, `PATCH /v1/byok/{id}`, `DELETE /v1/byok/{id}`: One of them: shows it, changes it, forgets it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/byok/[id]", shared::routes::v1_byok_key)
}
