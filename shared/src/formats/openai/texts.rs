//! A member that holds texts or token ids, one or many: the prompts of a text completion, the inputs of embeddings.

use serde::Deserialize;

use crate::error::Error;
use crate::object::Object;

/// The member, and how it is spoken of where it is refused.
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What several of them are called.
    pub plural: &'static str,
    /// What the text is for.
    pub purpose: &'static str,
    /// How many it holds at most.
    pub most: u64,
}

/// Texts in the four forms that OpenAI takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// A text.
    One(String),
    /// A text by its tokens.
    Tokens(Vec<u64>),
    /// Several texts.
    Several(Vec<String>),
    /// Several texts by their tokens.
    TokenLists(Vec<Vec<u64>>),
}

impl Texts {
    /// Reads the member of a request.
    ///
    /// # Errors
    /// 400 that names it: when it is missing, of another form, empty, or holds too many.
    pub fn read(request: &Object<'_>, member: &Member) -> Result<Self, Error> {
        let Member { name, plural, purpose, most } = member;
        let refused = |message: String| Error::invalid(*name, message);
        let texts: Self = request
            .read(name)
            .map_err(|_| {
                refused(format!(
                    "`{name}` is a text, an array of texts, an array of token ids or an array of such arrays."
                ))
            })?
            .ok_or_else(|| refused(format!("`{name}` is missing: the text to be {purpose}.")))?;
        let empty = match &texts {
            Self::One(_) => false,
            Self::Tokens(tokens) => tokens.is_empty(),
            Self::Several(texts) => texts.is_empty(),
            Self::TokenLists(lists) => lists.is_empty() || lists.iter().any(Vec::is_empty),
        };
        if empty {
            return Err(refused(format!("`{name}` holds at least one text or token id.")));
        }
        if texts.count() > *most {
            return Err(refused(format!("`{name}` holds at most {most} {plural}.")));
        }
        Ok(texts)
    }

    /// How many texts there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        match self {
            Self::One(_) | Self::Tokens(_) => 1,
            Self::Several(texts) => texts.len() as u64,
            Self::TokenLists(lists) => lists.len() as u64,
        }
    }

    /// The one text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::One(text) => Some(text),
            Self::Several(texts) => match &texts[..] {
                [text] => Some(text),
                _ => None,
            },
            Self::Tokens(_) | Self::TokenLists(_) => None,
        }
    }

    /// The tokens at most: a text's bytes, or as many ids as there are.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        let tokens: usize = match self {
            Self::One(text) => text.len(),
            Self::Several(texts) => texts.iter().map(String::len).sum(),
            Self::Tokens(tokens) => tokens.len(),
            Self::TokenLists(lists) => lists.iter().map(Vec::len).sum(),
        };
        tokens as u64
    }

    /// All text, for a real count; a token id stands for a text of one token.
    #[must_use]
    pub fn text(&self) -> String {
        let ids = |tokens: &[u64]| " a".repeat(tokens.len());
        match self {
            Self::One(text) => text.clone(),
            Self::Several(texts) => texts.join("\n"),
            Self::Tokens(tokens) => ids(tokens),
            Self::TokenLists(lists) => lists.iter().map(|tokens| ids(tokens)).collect(),
        }
    }
}
