//! The model providers: who they are, who is asked first, how a call reaches one, what comes back.

pub mod attempt;
pub mod candidate;
mod clean;
pub mod failure;
pub mod internal;
pub mod lists;
mod max_price;
pub mod order;
pub mod our_keys;
pub mod own_keys;
mod parameters;
pub mod preferred;
pub mod quirks;
pub mod routing;
mod rows;
pub mod table;
pub mod wishes;
mod words;

use crate::formats::format::Format;
use crate::variable::Variable;

pub use quirks::Quirks;
pub use rows::Rows;

/// A provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the catalog and in `provider:model` ids.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its API is unless [`Provider::address`] says otherwise; empty where only that can say it.
    pub base_url: &'static str,
    /// How it wants our key.
    pub authentication: Authentication,
    /// The formats that it speaks, each with its endpoint's path behind the base URL. Every provider of the table speaks
    /// chat or Messages: what a client asks for in any other format of text is translated into one of them. Into what makes
    /// no text nothing can be translated.
    pub speaks: &'static [(Format, &'static str)],
    /// What is different about it.
    pub quirks: Quirks,
    /// The variable of our key there; of one that the configuration adds, that which adds it.
    pub key: Variable,
    /// The variable of another address; likewise.
    pub address: Variable,
}

impl Provider {
    /// The path of its endpoint for a format; `None` when it does not speak it.
    #[must_use]
    pub fn path(&self, format: Format) -> Option<&'static str> {
        self.speaks.iter().find(|(spoken, _)| *spoken == format).map(|(_, path)| *path)
    }
}

/// Whose account at a provider a call goes to.
pub enum Credential {
    /// The gateway's, by the key in its environment that has this place among those for the provider.
    Ours(usize),
    /// The caller's, by this key of theirs.
    Own(String),
}

/// How a provider wants our key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The key in a header of this name, which is in lower case.
    Header(&'static str),
    /// `x-portkey-api-key: KEY`, and which upstream Portkey is to use, from our configuration only.
    Portkey,
}
