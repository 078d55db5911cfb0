//! `GET /v1/model/{*id}`: One model, as OpenRouter's clients read it.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/model/[id]", shared::routes::v1_one_model)
}
