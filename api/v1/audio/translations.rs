//! `POST /v1/audio/translations`: The same in English.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/audio/translations", shared::routes::v1_audio_translations)
}
