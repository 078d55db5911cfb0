//! Chat by way of a message: for the providers that speak nothing else. Whatever is asked for by way of chat reaches them
//! too.
//!
//! - `request`, `conversation`, `thinking`: the chat completion's request as a message's.
//! - `answer`, `chunks`: the message as the chunks of a chat.

mod answer;
mod chunks;
mod conversation;
mod request;
mod thinking;

use bytes::Bytes;
use serde_json::Value;

use self::answer::AsChat;
use self::request::to_messages;
use super::wire;
use crate::error::Error;
use crate::formats::{Demand, Format, Request, Target, Upstream};

/// A request that goes upstream as a chat completion, for providers that speak Messages and no chat, too.
#[derive(Clone, Debug)]
pub struct AlsoOverMessages<R>(pub R);

impl<R: Request> Request for AlsoOverMessages<R> {
    fn demand(&self) -> &Demand {
        self.0.demand()
    }

    fn prompt_text(&self) -> String {
        self.0.prompt_text()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let upstream = self.0.for_provider(target)?;
        let spoken = |format| target.provider.path(format).is_some();
        if upstream.format != Format::Chat || spoken(Format::Chat) || !spoken(Format::Messages) {
            return Ok(upstream);
        }
        let chat = serde_json::from_slice(&upstream.body).map_err(|error| wire::no_text(&error))?;
        let message = to_messages(chat, target)?;
        Ok(Upstream {
            format: Format::Messages,
            headers: wire::headers(),
            body: Value::Object(message).to_string().into(),
            streamed: true,
            repeatable: true,
            answer: Box::new(AsChat::new(upstream.answer)),
        })
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        self.0.failure_event(error)
    }

    fn keep_alive(&self) -> &'static [u8] {
        self.0.keep_alive()
    }
}
