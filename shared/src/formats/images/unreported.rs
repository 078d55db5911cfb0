//! Images whose provider does not say what they used.

use crate::credits::usage::Usage;
use crate::formats::{Report, Target};

/// Pixels for which the tokens of a quality are published: 1024 by 1024.
const PIXELS: u64 = 1024 * 1024;
/// The largest size that a model chooses by itself: 1024 by 1536.
const OWN_CHOICE: u64 = 1024 * 1536;

/// What an image is that nobody reports: of a model that is sold by the piece it is known by its size and quality.
#[derive(Clone, Copy, Debug)]
pub enum Unreported {
    /// It is sold by the piece: the number of images says it all.
    Piece,
    /// It is sold by its tokens, of which it has so many.
    Tokens(u64),
}

impl Unreported {
    /// Of an image of this size and quality, `1024x1024/high`, as the target sells it.
    pub fn of(image: &str, target: &Target<'_>) -> Self {
        if target.by_units { Self::Piece } else { Self::Tokens(tokens(image)) }
    }

    /// What was reported of images, completed where nothing was.
    pub fn complete(self, reported: Usage) -> Report {
        match self {
            Self::Tokens(each) if reported.total() == 0 => {
                let made = each * reported.images;
                let usage = Usage { completion: made, image_output: made, ..reported };
                Report { estimated: true, ..Report::of(usage) }
            }
            Self::Piece | Self::Tokens(_) => Report::of(reported),
        }
    }
}

/// Tokens of an image as OpenAI publishes them (<https://platform.openai.com/docs/guides/image-generation#cost-and-latency>):
/// by the quality, in proportion to the pixels. What is left to the model may be the dearest.
fn tokens(image: &str) -> u64 {
    let (size, quality) = image.split_once('/').unwrap_or((image, ""));
    let of_square = match quality {
        "low" => 272,
        "medium" | "standard" => 1_056,
        _ => 4_160,
    };
    let side = |text: &str| text.parse::<u32>().ok().map(u64::from);
    let pixels = size.split_once('x').and_then(|(width, height)| side(width)?.checked_mul(side(height)?));
    let pixels = pixels.filter(|pixels| (1..=64 * PIXELS).contains(pixels)).unwrap_or(OWN_CHOICE);
    (of_square * pixels).div_ceil(PIXELS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::table::PROVIDERS;

    #[test]
    fn an_image_has_the_tokens_that_are_published_of_its_size_and_quality() {
        for (image, expected) in [
            ("1024x1024/low", 272),
            ("1024x1536/low", 408),
            ("1024x1024/medium", 1_056),
            ("1024x1536/medium", 1_584),
            ("1024x1024/high", 4_160),
            ("1024x1536/high", 6_240),
            ("512x512/high", 1_040),
            ("auto/auto", 6_240),
            ("auto/low", 408),
            ("0x0/low", 408),
            ("99999x99999/low", 408),
            ("18446744073709551615x2/low", 408),
            ("nonsense", 6_240),
        ] {
            assert_eq!(tokens(image), expected, "{image}");
        }
    }

    #[test]
    fn what_is_sold_by_the_piece_is_known_and_what_is_sold_by_tokens_is_worked_out_unless_it_is_said() {
        let target = Target::of(&PROVIDERS[0]);
        let two = Usage { images: 2, ..Usage::default() };
        let by_tokens = Unreported::of("1024x1024/low", &target);
        let worked_out = Usage { completion: 544, image_output: 544, ..two };
        assert_eq!(by_tokens.complete(two), Report { estimated: true, ..Report::of(worked_out) });
        let said = Usage { prompt: 9, completion: 300, image_output: 300, ..two };
        assert_eq!(by_tokens.complete(said), Report::of(said));
        let by_piece = Unreported::of("1024x1024/low", &Target { by_units: true, ..target });
        assert_eq!(by_piece.complete(two), Report::of(two));
    }
}
