//! What a request must be able to do so that it can be a turn of a chat that is kept.
//!
//! A chat is kept in one form, whatever format its turns come in: messages of chat completions. So a conversation that one
//! format has begun goes on in any other.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Demand, Request, Storable, Target, Upstream};
use crate::error::Error;

/// A request that says something in a conversation.
pub trait Conversation {
    /// The messages that it brings, as those of chat completions.
    ///
    /// # Errors
    /// 400 that names what is no message there.
    fn messages(&self) -> Result<Vec<Box<RawValue>>, Error>;

    /// The same request with these messages, as those of chat completions, before its own: its instructions stay first.
    ///
    /// # Errors
    /// 400 when the format cannot say one of them.
    fn with_history(&self, history: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error>;
}

/// Whether a message, as one of chat completions, instructs the model.
#[must_use]
pub fn instructs(role: Option<&str>) -> bool {
    matches!(role, Some("system" | "developer"))
}

impl Request for Arc<dyn Request> {
    fn demand(&self) -> &Demand {
        (**self).demand()
    }

    fn prompt_text(&self) -> String {
        (**self).prompt_text()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        (**self).for_provider(target)
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        (**self).failure_event(error)
    }

    fn keep_alive(&self, begun: bool) -> &'static [u8] {
        (**self).keep_alive(begun)
    }

    fn conversation(&self) -> Option<&dyn Conversation> {
        (**self).conversation()
    }

    fn storable(&self) -> Option<&dyn Storable> {
        (**self).storable()
    }
}
