//! `GET /models/developers/{name}`: A developer's models.

fn main() -> std::process::ExitCode {
    shared::function::run("models/developers/[name]", shared::routes::models_developer)
}
