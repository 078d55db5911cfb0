//! `GET /user/api-keys/{id}`, `PATCH /user/api-keys/{id}`, `DELETE /user/api-keys/{id}`: One key: reads it, changes its settings, revokes it.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys/[id]", shared::routes::user_api_key)
}
