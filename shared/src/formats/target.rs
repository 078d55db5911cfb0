//! Who is asked, as far as a format needs it.

use serde_json::{Map, Value};

use super::Format;
use crate::error::{Code, Error};
use crate::providers::Provider;

/// A provider about to be asked, and what the hold says of the call there.
pub struct Target<'a> {
    /// Its row of the provider table.
    pub provider: &'static Provider,
    /// The model's id in the catalog.
    pub id: &'a str,
    /// What the provider calls the model.
    pub model: &'a str,
    /// The output limit of a choice in tokens that the hold covers: it goes upstream as it is.
    pub output_limit: u64,
    /// Whether that limit is what the credit buys, and not the client's or the model's.
    pub credit_limited: bool,
    /// Whether the model reasons.
    pub reasoning: bool,
    /// Whether a cache that is kept for an hour or longer has a price there.
    pub long_cache: bool,
    /// Whether what is asked is sold there by its units, such as characters or images, and not by tokens.
    pub by_units: bool,
    /// Whether the model may draw in its answers: pictures have a price there. Only a chat has them, and reports their tokens apart.
    pub draws: bool,
}

#[cfg(test)]
impl Target<'static> {
    /// A target of tests, in which nothing is special.
    pub(crate) const fn of(provider: &'static Provider) -> Self {
        Self {
            provider,
            id: "a/b",
            model: "up",
            output_limit: 1,
            credit_limited: false,
            reasoning: false,
            long_cache: false,
            by_units: false,
            draws: false,
        }
    }
}

impl Target<'_> {
    /// The output limit's name in a chat whose client has not named it: reasoning models know only the newer one.
    #[must_use]
    pub const fn chat_limit(&self) -> &'static str {
        if self.reasoning || self.provider.quirks.strict { "max_completion_tokens" } else { "max_tokens" }
    }

    /// Whether a format other than chat is asked for natively: not of a model that may draw, which is told to write by way of a chat.
    #[must_use]
    pub fn is_native(&self, format: Format) -> bool {
        let by_chat = self.draws && self.provider.path(Format::Chat).is_some();
        self.provider.path(format).is_some() && !by_chat
    }

    /// Tells a model that may draw that text is wanted, where its answer has no place for pictures.
    pub fn ask_for_text(&self, chat: &mut Map<String, Value>) {
        if self.draws {
            chat.insert("modalities".to_owned(), serde_json::json!(["text"]));
        }
    }

    /// Refuses a provider that does not speak a format into which nothing can be translated.
    ///
    /// # Errors
    /// 503: nobody may be left who does.
    pub fn speaks(&self, format: Format) -> Result<(), Error> {
        match self.provider.path(format) {
            Some(_) => Ok(()),
            None => Err(Error::new(Code::NoProvider)),
        }
    }
}
