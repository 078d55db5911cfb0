//! `GET /v1/keys/{hash}`, `PATCH /v1/keys/{hash}`, `DELETE /v1/keys/{hash}`: One of them: shows it, changes it, revokes it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/keys/[hash]", shared::routes::v1_key_of_account)
}
