//! The model providers: who they are, who is asked first, how a call reaches one, what comes back.

pub mod attempt;
pub mod candidate;
mod clean;
pub mod failure;
pub mod internal;
pub mod order;
pub mod own_keys;
pub mod routing;
pub mod table;
mod words;

use crate::formats::format::Format;

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the catalog, in `provider:model` ids and in environment variables.
    pub name: &'static str,
    /// Where its API is unless `<NAME>_BASE_URL` says otherwise.
    pub base_url: &'static str,
    /// How it wants our key.
    pub authentication: Authentication,
    /// The formats that it speaks, each with its endpoint's path behind the base URL. Every provider speaks chat or
    /// Messages: what a client asks for in any other format of text is translated into one of them. Into what makes no
    /// text nothing can be translated.
    pub speaks: &'static [(Format, &'static str)],
    /// What is different about it.
    pub quirks: Quirks,
}

impl Provider {
    /// The path of its endpoint for a format; `None` when it does not speak it.
    #[must_use]
    pub fn path(&self, format: Format) -> Option<&'static str> {
        self.speaks.iter().find(|(spoken, _)| *spoken == format).map(|(_, path)| *path)
    }
}

/// What is different about a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// It is told which app calls (`HTTP-Referer`, `X-Title`), for its public statistics.
    pub sends_app: bool,
    /// It serves open models: their templates take `top_k`, and what a model has thought back.
    pub open_weights: bool,
    /// It makes images in a shape of its own, which has OpenAI's names, but not all of them.
    pub own_images: bool,
    /// It is OpenAI, whose API refuses members that it does not know, and of the output limit's two names takes the newer
    /// one for every model.
    pub strict: bool,
}

/// Whose account at a provider a call goes to.
pub enum Credential {
    /// The gateway's, by the key in its environment.
    Ours,
    /// The caller's, by this key of theirs.
    Own(String),
}

/// How a provider wants our key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    ApiKey,
    /// `x-portkey-api-key: KEY`, and which upstream Portkey is to use, from our configuration only.
    Portkey,
}
