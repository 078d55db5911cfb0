//! Chat by way of a message: for the providers that speak nothing else. Whatever is asked for by way of chat reaches them
//! too.
//!
//! - `request`, `conversation`, `thinking`, `tools`,
//!   `answer_format`: the chat completion's request as a message's.
//! - `answer`, `chunks`: the message as the chunks of a chat.

mod answer;
mod answer_format;
mod chunks;
mod conversation;
mod request;
mod thinking;
mod tools;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use self::answer::AsChat;
pub use self::answer::as_chat;
pub use self::conversation::Conversation as FromChat;
use self::request::to_messages;
use super::wire;
use crate::error::{Code, Error};
use crate::formats::stored::{Said, Wish};
use crate::formats::{Conversation, Demand, Format, PromptSize, Request, Storable, Target, Upstream};

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

    fn keep_alive(&self, begun: bool) -> &'static [u8] {
        self.0.keep_alive(begun)
    }

    fn conversation(&self) -> Option<&dyn Conversation> {
        self.0.conversation().map(|_| self as &dyn Conversation)
    }

    fn storable(&self) -> Option<&dyn Storable> {
        self.0.storable().map(|_| self as &dyn Storable)
    }
}

impl<R: Request> Conversation for AlsoOverMessages<R> {
    fn messages(&self) -> Result<Vec<Box<RawValue>>, Error> {
        self.0.conversation().map_or_else(|| Ok(Vec::new()), Conversation::messages)
    }

    fn with_history(&self, history: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        let request = self.0.conversation().map(|own| own.with_history(history));
        let request = request.unwrap_or_else(|| Err(Error::new(Code::InternalError)))?;
        Ok(Arc::new(AlsoOverMessages(request)))
    }
}

/// It is asked only where what is within can be stored.
impl<R: Request> Storable for AlsoOverMessages<R> {
    fn wish(&self) -> Wish {
        let none = Wish { id: Uuid::nil(), stored: false, previous: None };
        self.0.storable().map_or(none, Storable::wish)
    }

    fn refers(&self) -> &[String] {
        self.0.storable().map_or(&[], Storable::refers)
    }

    fn resolved(&self, said: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        let request = self.0.storable().map(|own| own.resolved(said));
        let request = request.unwrap_or_else(|| Err(Error::new(Code::InternalError)))?;
        Ok(Arc::new(AlsoOverMessages(request)))
    }

    fn items(&self) -> Result<Vec<Box<RawValue>>, Error> {
        self.0.storable().map_or_else(|| Ok(Vec::new()), Storable::items)
    }

    fn joined(&self, before: &[Said], stored: bool) -> Result<Arc<dyn Request>, Error> {
        let request = self.0.storable().map(|own| own.joined(before, stored));
        let request = request.unwrap_or_else(|| Err(Error::new(Code::InternalError)))?;
        Ok(Arc::new(AlsoOverMessages(request)))
    }

    fn measure(&self, said: &Said) -> (PromptSize, String) {
        self.0.storable().map(|own| own.measure(said)).unwrap_or_default()
    }
}
