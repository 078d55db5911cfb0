//! `POST /v1/completions`: Legacy text completions, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/completions", shared::routes::v1_completions)
}
