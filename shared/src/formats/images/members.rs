//! What of a request for images is let through, and what its numbers may be.

use crate::error::Error;
use crate::formats::openai::body;
use crate::formats::openai::members::Members;
use crate::object::Object;

/// Images of one call at most, as at OpenAI.
pub const MOST_IMAGES: u64 = 10;

/// What images have besides. `background` and `moderation` mean something else here than where a model writes, and cost
/// nothing.
pub const MEMBERS: Members = Members {
    known: &[
        "prompt",
        "size",
        "quality",
        "background",
        "moderation",
        "output_format",
        "output_compression",
        "partial_images",
        "response_format",
        "style",
        "user",
        "seed",
        "aspect_ratio",
        "resolution",
    ],
    instead: &[
        ("messages", "prompt"),
        ("input", "prompt"),
        ("num_images", "n"),
        ("image", "POST /v1/images/edits"),
        ("images", "POST /v1/images/edits"),
        ("input_references", "POST /v1/images/edits"),
        ("mask", "POST /v1/images/edits"),
    ],
    client_tools: &[],
    long_cache: false,
};

/// What edits have: the same, and images to begin with.
pub const EDIT_MEMBERS: Members = Members {
    known: &[
        "prompt",
        "size",
        "quality",
        "background",
        "moderation",
        "output_format",
        "output_compression",
        "partial_images",
        "response_format",
        "user",
        "input_fidelity",
        "image",
        "images",
        "mask",
    ],
    instead: &[("messages", "prompt"), ("input", "prompt"), ("num_images", "n"), ("input_references", "image")],
    client_tools: &[],
    long_cache: false,
};

/// What OpenAI's images have and OpenRouter's have not.
pub const NOT_AT_OPENROUTER: [&str; 5] = ["response_format", "style", "user", "moderation", "partial_images"];

/// Words that steer an image and cost nothing.
pub const WORDS: [&str; 5] = ["background", "moderation", "output_format", "response_format", "input_fidelity"];

/// The words that steer an image, each as it is charged: `1024x1024/high`. What is not said is the provider's choice.
///
/// # Errors
/// 400 that names a member that is no text.
pub fn size_and_quality(request: &Object<'_>) -> Result<String, Error> {
    let word = |name: &'static str, message: &'static str| -> Result<String, Error> {
        let word: Option<String> = body::read(request, name, message)?;
        Ok(word.unwrap_or_else(|| "auto".to_owned()).to_ascii_lowercase())
    };
    Ok(format!("{}/{}", word("size", "`size` is a text.")?, word("quality", "`quality` is a text.")?))
}

/// How many partial images come before each image.
///
/// # Errors
/// 400 that names what is out of range.
pub fn partial_images(request: &Object<'_>, stream: bool) -> Result<(), Error> {
    const RANGE: &str = "`partial_images` is a whole number from 0 to 3.";
    let partial: Option<u64> = body::read(request, "partial_images", RANGE)?;
    match partial {
        Some(4..) => Err(Error::invalid("partial_images", RANGE)),
        Some(1..) if !stream => {
            Err(Error::invalid("partial_images", "`partial_images` goes with `stream: true` only."))
        }
        _ => Ok(()),
    }
}
