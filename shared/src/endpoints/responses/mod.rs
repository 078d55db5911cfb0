//! `/v1/responses/{id}`: responses that are stored, as OpenAI's API gives them.

pub mod cancel;
pub mod input_items;
pub mod one;
mod query;
