//! `GET /v1/embeddings/models`: The models that make vectors of texts.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/embeddings/models", shared::routes::v1_embeddings_models)
}
