//! What a call used, whatever format reported it.
//!
//! **How a format reports**: it fills in what the provider said of an answer, in these kinds, and nothing of money. Tokens
//! are counted once: a kind that the provider counts beside the prompt or the completion (Anthropic's cache, reasoning at
//! some) is added to it first, since each is a part here. What the provider does not say stays 0 and costs what its tokens
//! do; what is not tokens is a unit, told beside them: the images that came, the characters that were spoken, the seconds that
//! were heard. A unit is charged where the route has a price for it, so the same report serves a model that is sold by the
//! second and one that is sold by the token. What a call can use at most it says before, in its [`Units`].
//!
//! [`Units`]: super::units::Units

use serde::Serialize;

/// The most of a kind that a call is charged for, as in SQL.
const MOST: u64 = 1_000_000_000;

/// What one call used: `gateway.usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt, of all kinds.
    pub prompt: u64,
    /// Prompt tokens that the provider had cached.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached: u64,
    /// Prompt tokens that the provider wrote into its cache, which some charge more for.
    #[serde(skip_serializing_if = "is_zero")]
    pub written: u64,
    /// Of these, the ones that it keeps for an hour or longer.
    #[serde(skip_serializing_if = "is_zero")]
    pub written_long: u64,
    /// Prompt tokens of images; none that is in `cached` or `written`.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_input: u64,
    /// Prompt tokens of sound; none that is in `cached` or `written`.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// Tokens of all choices, of all kinds.
    pub completion: u64,
    /// Completion tokens spent on reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    /// Completion tokens of images.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_output: u64,
    /// Completion tokens of sound.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output: u64,
    /// Images that were made.
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
    /// Searches, of documents (rerank) or of the web.
    #[serde(skip_serializing_if = "is_zero")]
    pub searches: u64,
    /// Milliseconds of sound that was heard or made.
    #[serde(skip_serializing_if = "is_zero")]
    pub milliseconds: u64,
    /// Characters that were read out.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// What we have counted: a prompt's tokens and those of what was written.
    #[must_use]
    pub fn of(prompt: u64, output: u64) -> Self {
        Self { prompt, completion: output, ..Self::default() }
    }

    /// What was reported, completed by what we have counted: the prompt where it was not reported, and the larger of the
    /// outputs.
    #[must_use]
    pub fn completed_by(self, counted: Self) -> Self {
        Self {
            prompt: if self.prompt > 0 { self.prompt } else { counted.prompt },
            completion: self.completion.max(counted.completion),
            images: self.images.max(counted.images),
            searches: self.searches.max(counted.searches),
            milliseconds: self.milliseconds.max(counted.milliseconds),
            characters: self.characters.max(counted.characters),
            ..self
        }
    }

    /// Whether it says something of what was asked: of the prompt's tokens, or of units, by which a call is paid for whose
    /// tokens nobody counts.
    #[must_use]
    pub const fn has_prompt(&self) -> bool {
        self.prompt > 0 || self.images + self.searches + self.milliseconds + self.characters > 0
    }

    /// Tokens of the output, of all kinds.
    #[must_use]
    pub const fn output(&self) -> u64 {
        self.completion
    }

    /// Whether it says something of the output.
    #[must_use]
    pub const fn has_output(&self) -> bool {
        self.completion > 0
    }

    /// No more of any kind than a call is charged for.
    #[must_use]
    pub fn clamped(&self) -> Self {
        Self {
            prompt: self.prompt.min(MOST),
            cached: self.cached.min(MOST),
            written: self.written.min(MOST),
            written_long: self.written_long.min(MOST),
            image_input: self.image_input.min(MOST),
            audio_input: self.audio_input.min(MOST),
            completion: self.completion.min(MOST),
            reasoning: self.reasoning.min(MOST),
            image_output: self.image_output.min(MOST),
            audio_output: self.audio_output.min(MOST),
            images: self.images.min(MOST),
            searches: self.searches.min(MOST),
            milliseconds: self.milliseconds.min(MOST),
            characters: self.characters.min(MOST),
        }
    }

    /// Prompt and completion together, for the token limits.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::Units;
    use super::Usage;

    #[test]
    fn units_that_nobody_reports_are_those_that_the_call_asked_for() {
        let asked = Units { images: 1, searches: 2, milliseconds: 3, characters: 4, ..Units::default() };
        let counted = asked.all_used(Usage::of(5, 6));
        let all = Usage { images: 1, searches: 2, milliseconds: 3, characters: 4, ..Usage::of(5, 6) };
        assert_eq!(Usage::default().completed_by(counted), all);
        let reported = Usage { images: 9, searches: 9, milliseconds: 9, characters: 9, ..Usage::of(9, 9) };
        assert_eq!(reported.completed_by(counted), reported);
    }
}
