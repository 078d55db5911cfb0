//! `POST /v1/rerank`: Documents by how well they answer a query.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/rerank", shared::routes::v1_rerank)
}
