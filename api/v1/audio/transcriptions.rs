//! `POST /v1/audio/transcriptions`: The text of what is spoken, streamed or not.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/audio/transcriptions", shared::routes::v1_audio_transcriptions)
}
