//! `POST /v1/embeddings`: Vectors of texts.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/embeddings", shared::routes::v1_embeddings)
}
