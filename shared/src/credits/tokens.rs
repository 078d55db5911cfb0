//! Counting tokens ourselves, when a provider did not say, or when a byte count would refuse what fits.

/// Tokens that a chat template adds to a turn of the conversation, at most.
pub const PER_TURN: u64 = 16;

/// Tokens that a chat template usually adds to a turn.
pub const USUAL_PER_TURN: u64 = 4;

/// Tokens of `text` under OpenAI's newest public vocabulary. Linear in the text, whatever the text.
#[must_use]
pub fn count(text: &str) -> u64 {
    bpe_openai::o200k_base().count(text) as u64
}

/// A bound on the tokens of `text` under any provider's tokenizer, tighter than its bytes: other vocabularies split
/// ordinary text up to half as fine again, and none makes more tokens than there are bytes.
#[must_use]
pub fn bound(text: &str) -> u64 {
    (count(text) * 3).div_ceil(2).min(text.len() as u64)
}
