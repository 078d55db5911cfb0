//! OpenAI's transcriptions and translations on the wire (openai-python `types/audio/transcription_create_params.py`,
//! `types/audio/transcription.py`, `types/audio/transcription_stream_event.py`): sound in a form, its text back, as JSON, as a
//! text, as captions or as events.
//!
//! - `request`: the request, and what it may cost. `length`: how long the sound is at most, `flac`: in a FLAC file.
//! - `answer`: what is read of a plain answer. `events`: of a stream. `usage`: seconds or tokens. `captions`: SRT and WebVTT.

mod answer;
mod captions;
mod events;
mod flac;
mod length;
mod request;
mod usage;

pub use request::{FILES, TranscriptionRequest, Wanted};
