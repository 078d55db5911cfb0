//! `POST /v1/images/edits`: Images that are changed, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/images/edits", shared::routes::v1_images_edits)
}
