//! `POST /v1/byok`, `GET /v1/byok`: Own keys at the providers.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/byok", shared::routes::v1_byok)
}
