//! What a request must be able to do so that its answer is stored under an id, can be read again, and be gone on from.
//!
//! What is stored of a call are the items that it said and those that the model did, in the format's own words. Another request
//! that names the id goes on behind them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{PromptSize, Request};
use crate::error::{Code, Error};

/// What a request wants of storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The id of its answer, which the gateway makes.
    pub id: Uuid,
    /// Whether the answer is to be stored.
    pub stored: bool,
    /// The stored answer that it goes on from.
    pub previous: Option<Uuid>,
}

impl Wish {
    /// Whether there is anything to do for it.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.stored || self.previous.is_some()
    }
}

/// What was said in a call.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Said {
    /// By the client.
    pub input: Vec<Box<RawValue>>,
    /// By the model.
    pub output: Vec<Box<RawValue>>,
}

/// An answer as it is stored.
#[derive(Clone, Debug)]
pub struct StoredAnswer {
    /// The object as the client gets it, without what the model said.
    pub shown: Box<RawValue>,
    /// What the model said, with what a client may not have asked for and a model needs to go on.
    pub output: Vec<Box<RawValue>>,
    /// The ids by which a client may refer to items of it.
    pub named: Vec<String>,
}

/// How the call ended whose answer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client has all of it.
    Complete,
    /// The client left in the middle.
    Left,
    /// It was cut off, and the client told so by this code.
    Failed(Code),
}

/// A request whose answer may be stored.
pub trait Storable {
    /// What it wants of storing.
    fn wish(&self) -> Wish;

    /// The items, by their ids, to which it refers and does not say itself: of stored answers.
    fn refers(&self) -> &[String];

    /// The same request that says the items to which it refers. `said` holds them, and may hold others.
    ///
    /// # Errors
    /// 404 for one that is not there; 400 when it is no request with them.
    fn resolved(&self, said: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error>;

    /// What it says, as it is stored.
    ///
    /// # Errors
    /// None in practice: it was read before.
    fn items(&self) -> Result<Vec<Box<RawValue>>, Error>;

    /// The same request behind what was said before, with an answer that says whether it is stored.
    ///
    /// # Errors
    /// 400 when both together are no conversation, which names what is missing.
    fn joined(&self, before: &[Said], stored: bool) -> Result<Arc<dyn Request>, Error>;

    /// How large this is as a part of a prompt, and its text for a real count of the tokens.
    fn measure(&self, said: &Said) -> (PromptSize, String);
}
