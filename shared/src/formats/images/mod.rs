//! OpenAI's images on the wire (openai-python `types/image_generate_params.py`, `types/images_response.py`,
//! `types/image_gen_stream_event.py`). Only providers that make images are asked; OpenRouter in its own shape, which has
//! the same names.
//!
//! - `request`: the request, and what it may cost. `edit`: one with images to begin with. `members`: what is let through.
//! - `answer`: what is read of a plain answer. `stream`: events, with partial images.
//! - `usage`: tokens and images. `unreported`: what they are where nobody says.

mod answer;
mod edit;
mod members;
mod request;
mod stream;
mod unreported;
mod usage;

pub use edit::{FILES, ImageEditRequest};
pub use request::ImageRequest;
