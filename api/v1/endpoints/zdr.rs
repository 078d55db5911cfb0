//! `GET /v1/endpoints/zdr`: The routes whose provider keeps nothing.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/endpoints/zdr", shared::routes::v1_endpoints_zdr)
}
