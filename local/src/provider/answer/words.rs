//! What the model "says": words that follow from what was asked, in chunks.

use crate::provider::tokens::{self, Piece};

/// Words that are one token each after a space.
const WORDS: [&str; 32] = [
    "the", "river", "carries", "small", "stones", "from", "high", "hills", "while", "quiet", "birds", "follow", "its",
    "course", "toward", "open", "water", "and", "every", "evening", "light", "returns", "over", "green", "fields",
    "where", "people", "build", "good", "roads", "between", "towns",
];

/// Two tokens a chunk unless a number of chunks is asked for.
pub(super) fn in_chunks(pieces: &[Piece], chunks: Option<u64>) -> Vec<Piece> {
    let count = chunks.map_or(pieces.len().div_ceil(2), |chunks| usize::try_from(chunks).unwrap_or(usize::MAX));
    tokens::group(pieces, count)
}

/// Repeats a little of what the user said, so that an answer shows which message it is for.
pub(super) fn opening(said: &str) -> String {
    let said: String = said.split_whitespace().take(6).collect::<Vec<_>>().join(" ").chars().take(24).collect();
    if said.is_empty() { "Of course:".to_owned() } else { format!("On \u{201c}{said}\u{201d}:") }
}

/// The opening and then words, exactly `length` tokens long; the words differ with the seed.
pub(super) fn words(seed: u64, opening: &str, length: u64) -> Vec<Piece> {
    let mut text = opening.to_owned();
    let mut state = seed | 1;
    for _ in 0..length {
        // Knuth's MMIX generator; its high bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(' ');
        text.push_str(WORDS[(state >> 59) as usize]);
    }
    let mut pieces = tokens::pieces(&text);
    tokens::cut(&mut pieces, length.saturating_sub(1));
    if length > 0 {
        pieces.push(Piece { text: ".".to_owned(), tokens: 1 });
    }
    pieces
}

/// Ends the text before the first stop sequence in it.
pub(super) fn stop_at(pieces: &mut Vec<Piece>, stops: &[String]) {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let Some(mut left) = stops.iter().filter_map(|stop| text.find(stop)).min() else {
        return;
    };
    pieces.retain_mut(|piece| {
        piece.text.truncate(left);
        left -= piece.text.len();
        !piece.text.is_empty()
    });
}

/// FNV-1a, 64 bits.
pub(super) fn seed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Short arguments may be one token; they too are streamed in more than one chunk.
pub(super) fn in_halves(pieces: Vec<Piece>) -> Vec<Piece> {
    match pieces.as_slice() {
        [Piece { text, tokens }] if text.len() > 1 && text.is_char_boundary(1) => {
            let (head, tail) = text.split_at(1);
            vec![Piece { text: head.to_owned(), tokens: *tokens }, Piece { text: tail.to_owned(), tokens: 0 }]
        }
        _ => pieces,
    }
}
