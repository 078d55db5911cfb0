//! `POST /images/generate`: Images, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("images/generate", shared::routes::images_generate)
}
