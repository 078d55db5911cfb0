//! What a call may use besides tokens of text, as its hold has to know.

use serde::Serialize;

use super::usage::{Usage, is_zero};

/// The most that a call can use besides tokens of text; the default for one that is nothing but text.
///
/// A format says here what of its request has a price of its own, so that it is held before anybody is asked. What came of it
/// is in the [`Usage`] of the answer, in the same kinds. A provider that sells none of what is asked is no
/// candidate; where none does, the call is refused as `model_not_priced`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// What the answer may have besides text, which may make its tokens dearer: `image`, `audio`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<&'static str>,
    /// Whether a cache is asked for that is kept for an hour or longer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub long_cache: bool,
    /// Images to be made.
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
    /// Size and quality of each, as the catalog's `image_prices` name them: `1024x1024/high`. A name that is not there is
    /// charged as the dearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Searches.
    #[serde(skip_serializing_if = "is_zero")]
    pub searches: u64,
    /// Milliseconds of sound that is heard or made.
    #[serde(skip_serializing_if = "is_zero")]
    pub milliseconds: u64,
    /// Characters that are read out.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
}

impl Units {
    /// A usage with all of them: what a call asked for is what it used, where nobody says otherwise.
    #[must_use]
    pub fn all_used(&self, usage: Usage) -> Usage {
        let &Self { images, searches, milliseconds, characters, .. } = self;
        Usage { images, searches, milliseconds, characters, ..usage }
    }

    /// As much of a usage as a call that was held for these can have had.
    #[must_use]
    pub fn bounding(&self, usage: Usage) -> Usage {
        Usage {
            images: usage.images.min(self.images),
            searches: usage.searches.min(self.searches),
            milliseconds: usage.milliseconds.min(self.milliseconds),
            characters: usage.characters.min(self.characters),
            ..usage
        }
    }

    /// Whether there are none: a call of text.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
