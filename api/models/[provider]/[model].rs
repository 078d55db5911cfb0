//! `GET /models/{provider}/{*model}`: One model with its routes and prices.

fn main() -> std::process::ExitCode {
    shared::function::run("models/[provider]/[model]", shared::routes::model)
}
