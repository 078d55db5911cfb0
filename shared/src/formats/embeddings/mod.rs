//! OpenAI's embeddings on the wire (openai-python `types/create_embedding_response.py`,
//! `types/embedding_create_params.py`). Only providers that speak it are asked: nothing else makes a vector.
//!
//! - `request`: the request, and how large its inputs are.
//! - `answer`: what is read of an answer. Its vectors pass as they came, numbers or base64.

mod answer;
mod request;

pub use request::EmbeddingRequest;
