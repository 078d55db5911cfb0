//! `GET /user/provider-keys/{id}`, `PATCH /user/provider-keys/{id}`, `DELETE /user/provider-keys/{id}`: One of them: shows it, changes it, forgets it.

fn main() -> std::process::ExitCode {
    shared::function::run("user/provider-keys/[id]", shared::routes::user_provider_key)
}
