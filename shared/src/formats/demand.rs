//! What routing, hold and limits need to know of a request. The call task knows nothing else of it.

use crate::credits::tokens;
use crate::providers::routing::Routing;

/// What a request asks for.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The model's id in the catalog.
    pub model: String,
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
    /// Whether the answer cannot be had as a stream, so that nobody sees what of it is produced until it is there.
    pub comes_whole: bool,
}

impl Demand {
    /// What the call takes from the token limits until its real tokens are known: about four bytes a token, and the
    /// client's output limit or a usual answer.
    #[must_use]
    pub fn token_estimate(&self) -> u64 {
        const USUAL_ANSWER: u64 = 1024;
        const USUAL_IMAGE: u64 = 1000;
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
}

impl PromptSize {
    /// Tokens at most, images apart, by a real count of the text: tighter than its bytes.
    #[must_use]
    pub fn recounted(&self, text: &str) -> u64 {
        tokens::bound(text) + self.added + self.turns * tokens::PER_TURN
    }

    /// The tokens that the prompt most likely has, for a call whose provider did not say.
    #[must_use]
    pub fn counted(&self, text: &str, image_tokens: u64) -> u64 {
        tokens::count(text) + self.turns * tokens::USUAL_PER_TURN + self.images * image_tokens
    }
}
