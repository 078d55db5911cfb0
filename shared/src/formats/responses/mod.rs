//! OpenAI's Responses on the wire (openai-python `types/responses/response_create_params.py`,
//! `types/responses/response.py`, `types/responses/response_stream_event.py`).
//!
//! A provider that speaks it is asked natively, so that what a model has thought comes back to it as it gave it. Any other
//! is asked for a chat completion, and by way of that reaches the providers that speak Messages alone. No provider keeps
//! anything: it is told not to store, and each request brings the whole conversation.
//!
//! - `request`, `members`, `tools`, `prompt`: the request, what is refused since it is not priced or not offered, the
//!   tools, how large its prompt is.
//! - `head`: what a response repeats of its request. `wire`: events, failures and the names of items. `usage`: the token
//!   counts. `items`: a response's items as the events of a stream.
//! - `native`: a provider's response, streamed or whole.
//! - `over_chat`: a response asked for and given by way of chat.

mod head;
mod items;
mod members;
mod native;
mod over_chat;
mod prompt;
mod request;
mod tools;
mod usage;
mod wire;

pub use request::ResponsesRequest;
