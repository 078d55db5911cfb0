//! OpenAI's chat completion on the wire: what clients send and what they get back.

pub mod answer;
pub mod prompt;
pub mod request;
pub mod sse;
