//! Rerank on the wire: documents in the order in which they answer a query. Cohere's shape (<https://docs.cohere.com/reference/rerank>),
//! which Jina (<https://api.jina.ai/redoc>) and OpenRouter have, too. Only providers that speak it are asked.
//!
//! - `request`: the request, and how large it is. `searches`: what Cohere sells it by.
//! - `answer`: what is read of an answer, and with which documents it is given.

mod answer;
mod request;
mod searches;

pub use request::RerankRequest;
