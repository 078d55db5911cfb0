//! `POST /v1/audio/speech`: A text that is spoken.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/audio/speech", shared::routes::v1_audio_speech)
}
