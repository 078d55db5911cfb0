//! `POST /user/provider-keys`, `GET /user/provider-keys`, `DELETE /user/provider-keys`: Own keys at the providers.

fn main() -> std::process::ExitCode {
    shared::function::run("user/provider-keys", shared::routes::user_provider_keys)
}
