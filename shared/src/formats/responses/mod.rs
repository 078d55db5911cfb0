//! OpenAI's Responses on the wire (openai-python `types/responses/response_create_params.py`,
//! `types/responses/response.py`, `types/responses/response_stream_event.py`).
//!
//! A provider that speaks it is asked natively, so that what a model has thought comes back to it as it gave it. Any other
//! is asked for a chat completion, and by way of that reaches the providers that speak Messages alone. No provider keeps
//! anything: it is told not to store, and each request brings the whole conversation. What is stored is stored here, so a
//! conversation goes on at whatever provider.
//!
//! - `request`, `members`, `tools`, `prompt`: the request, what is refused since it is not priced or not offered, the
//!   tools, how large its prompt is.
//! - `head`: what a response repeats of its request. `wire`: events, failures and the names of items. `usage`: the token
//!   counts. `items`: a response's items as the events of a stream.
//! - `kept`: a response as it is stored. `stored`: how that is shown, and the request that goes on from one. `turn`: a response as a turn of a kept chat.
//! - `references`: items that are referred to by their ids. `pictures`: what a model draws, as items.
//! - `native`: a provider's response, streamed or whole.
//! - `over_chat`: a response asked for and given by way of chat.

mod head;
mod items;
mod kept;
mod members;
mod native;
mod over_chat;
mod pictures;
mod prompt;
mod references;
mod request;
pub mod stored;
mod tools;
mod turn;
mod usage;
mod wire;

pub use head::id_of;
pub use request::ResponsesRequest;
