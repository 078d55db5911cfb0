//! What routing, hold and limits need to know of a request. The call task knows nothing else of it.

use crate::credits::tokens;
use crate::credits::units::Units;
use crate::formats::labels::Labels;
use crate::providers::routing::Routing;

/// What a model is asked for: a model of another kind cannot give it. Named as the catalog's `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text that goes on from text.
    Chat,
    /// Vectors of texts.
    Embedding,
    /// Documents in the order in which they answer a query.
    Rerank,
    /// Pictures.
    Image,
    /// A text that is spoken.
    Speech,
    /// The text of what is spoken.
    Transcription,
}

impl Kind {
    /// As the catalog says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::Rerank => "rerank",
            Self::Image => "image",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
        }
    }

    /// Whether the request alone says what it costs, however much of the answer is seen.
    #[must_use]
    pub const fn is_paid_by_request(self) -> bool {
        matches!(self, Self::Embedding | Self::Rerank)
    }
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The model's id in the catalog.
    pub model: String,
    /// What it is asked for.
    pub kind: Kind,
    /// Whether the client gets the answer as a stream.
    pub stream: bool,
    /// How many answers the model writes.
    pub choices: u64,
    /// The client's own limit of an answer, in tokens.
    pub output_limit: Option<u64>,
    /// Which providers, in which order.
    pub routing: Routing,
    /// How large the prompt is.
    pub prompt: PromptSize,
    /// What it may use besides tokens of text.
    pub units: Units,
    /// What its caller says of it for its own books.
    pub labels: Labels,
    /// Whether the answer cannot be had as a stream, so that nobody sees what of it is produced until it is there.
    pub comes_whole: bool,
}

/// Tokens of an image, where the most that one can have would say too much.
const USUAL_IMAGE: u64 = 1000;

impl Demand {
    /// What the call takes from the token limits until its real tokens are known: about four bytes a token, and the
    /// client's output limit or a usual answer.
    #[must_use]
    pub fn token_estimate(&self) -> u64 {
        const USUAL_ANSWER: u64 = 1024;
        let output = self.output_limit.map_or(USUAL_ANSWER, |limit| limit.min(4 * USUAL_ANSWER));
        self.prompt.bound / 4 + self.prompt.images * USUAL_IMAGE + output * self.choices
    }
}

/// A prompt's size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptSize {
    /// Tokens at most, apart from images and from what a provider adds where there are tools.
    pub bound: u64,
    /// Tokens of the words that a format or its translation puts around what is said; they are part of the bound.
    pub added: u64,
    /// Turns of the conversation, each of which a template wraps in tokens of its own.
    pub turns: u64,
    /// Images.
    pub images: u64,
    /// Whether it comes with tools or a schema of the answer, of which the provider makes a text of its own.
    pub tools: bool,
    /// What it holds besides text: `image`, `audio`, `file`, `video`.
    pub modalities: Vec<&'static str>,
    /// The request's member that it is.
    pub member: &'static str,
    /// Whether it is several, each with a context of its own.
    pub is_several: bool,
}

impl PromptSize {
    /// Tokens at most, images apart, by a real count of the text: tighter than its bytes.
    #[must_use]
    pub fn recounted(&self, text: &str) -> u64 {
        tokens::bound(text) + self.added + self.turns * tokens::PER_TURN
    }

    /// Whether the prompt and so much output surely fit into a context, by the bytes alone.
    #[must_use]
    pub const fn surely_fits(&self, context: u64, output: u64) -> bool {
        self.bound.saturating_add(self.images * USUAL_IMAGE).saturating_add(output) <= context
    }

    /// What of a context is left for the output, by a real count of the text. Other vocabularies split it differently, so an
    /// eighth more is taken off where there is room.
    ///
    /// # Errors
    /// The count so far, when the prompt cannot fit by any vocabulary in use: they differ by less than a third. What is behind
    /// that need not be counted.
    pub fn room(&self, text: &str, context: u64) -> Result<u64, u64> {
        const SMALLEST_OUTPUT: u64 = 256;
        const STEP: usize = 1 << 16;
        let (mut counted, mut rest) = (self.turns * tokens::USUAL_PER_TURN, text);
        loop {
            if counted / 4 * 3 > context {
                return Err(counted);
            }
            if rest.is_empty() {
                break;
            }
            let (step, behind) = rest.split_at(rest.floor_char_boundary(STEP));
            counted += tokens::count(step);
            rest = behind;
        }
        let taken = counted + self.images * USUAL_IMAGE;
        let left = context.saturating_sub(taken);
        Ok(left.saturating_sub(taken / 8 + tokens::PER_TURN).max(left.min(SMALLEST_OUTPUT)).max(1))
    }

    /// The tokens that the prompt most likely has, for a call whose provider did not say.
    #[must_use]
    pub fn counted(&self, text: &str, image_tokens: u64) -> u64 {
        tokens::count(text) + self.turns * tokens::USUAL_PER_TURN + self.images * image_tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_has_what_the_prompt_leaves_and_a_prompt_beyond_the_context_is_none() {
        let prompt = |turns, images| PromptSize { turns, images, ..PromptSize::default() };
        let words = |count: usize| "word ".repeat(count);
        let room = |count, context| prompt(1, 0).room(&words(count), context);
        let roomy = room(20_000, 32_768).expect("it fits");
        assert!((8_000..=32_768 - 20_000).contains(&roomy), "{roomy}");
        // Little is left: all of it, and never nothing.
        assert_eq!(room(8_000, 8_200), Ok(8_200 - 8_000 - 4 - 1));
        assert_eq!(room(8_000, 7_000), Ok(1));
        assert!(room(20_000, 8_192).is_err());
        assert!(prompt(100_000, 0).room("", 8_192).is_err());
        let with_images = prompt(1, 2).room("word", 4_000).expect("it fits");
        assert!((1_000..2_000).contains(&with_images), "{with_images}");
        let size = PromptSize { bound: 100, images: 1, ..PromptSize::default() };
        assert!(size.surely_fits(1_200, 100) && !size.surely_fits(1_199, 100));
    }
}
