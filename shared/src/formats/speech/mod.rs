//! OpenAI's speech on the wire (openai-python `types/audio/speech_create_params.py`): a text as JSON, and its sound as
//! bytes that pass as they come. Only providers that speak it are asked.

mod answer;
mod events;
mod passing;
mod request;

pub use request::SpeechRequest;
