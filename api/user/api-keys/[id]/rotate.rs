//! `POST /user/api-keys/{id}/rotate`: A new secret for a key.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys/[id]/rotate", shared::routes::user_api_key_rotate)
}
