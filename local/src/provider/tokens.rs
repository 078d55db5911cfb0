//! Counting and cutting text in o200k tokens.

use bpe_openai::o200k_base;

/// What an image counts in a prompt, whatever its size: OpenAI's figure for an image at low detail.
pub const IMAGE_TOKENS: u64 = 85;

/// A stretch of text that ends at a character boundary, with the number of tokens it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) tokens: u64,
}

/// How many tokens a text takes.
pub(super) fn count(text: &str) -> u64 {
    o200k_base().count(text) as u64
}

/// The text token by token; tokens that end inside a character are joined with the next.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let tokenizer = o200k_base();
    let mut pieces = Vec::new();
    let (mut pending, mut tokens) = (Vec::new(), 0);
    for token in tokenizer.encode(text) {
        pending.extend(tokenizer.bpe.decode_tokens(&[token]));
        tokens += 1;
        match String::from_utf8(pending) {
            Ok(text) => {
                pieces.push(Piece { text, tokens });
                (pending, tokens) = (Vec::new(), 0);
            }
            Err(error) => pending = error.into_bytes(),
        }
    }
    pieces
}

/// How many tokens these pieces take together.
pub(super) fn sum(pieces: &[Piece]) -> u64 {
    pieces.iter().map(|piece| piece.tokens).sum()
}

/// Drops what does not fit into `limit` tokens; true if anything was dropped.
pub(super) fn cut(pieces: &mut Vec<Piece>, limit: u64) -> bool {
    let mut used = 0;
    let fitting = pieces
        .iter()
        .take_while(|piece| {
            used += piece.tokens;
            used <= limit
        })
        .count();
    let cut = fitting < pieces.len();
    pieces.truncate(fitting);
    cut
}

/// Joins neighbours until at most `count` pieces are left, all about as long.
pub(super) fn group(pieces: &[Piece], count: usize) -> Vec<Piece> {
    let groups = count.clamp(1, pieces.len().max(1));
    (0..groups)
        .map(|group| &pieces[group * pieces.len() / groups..(group + 1) * pieces.len() / groups])
        .filter(|run| !run.is_empty())
        .map(|run| Piece { text: run.iter().map(|piece| piece.text.as_str()).collect(), tokens: sum(run) })
        .collect()
}
