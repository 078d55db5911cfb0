//! Pictures that a model draws in its answer, as at OpenRouter
//! (<https://openrouter.ai/docs/guides/overview/multimodal/image-generation>).
//!
//! `modalities` asks for them and `image_config` says how they are. They come in the `images` of a message, or of the deltas
//! of a stream, each of them whole, as a data URL. Their tokens are a part of the completion and have a price of their own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::credits::usage::Usage;
use crate::error::Error;
use crate::formats::openai::body::read;
use crate::formats::openai::glance::has_value;
use crate::object::Object;

static IMAGES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"images\""));

/// What `image_config` may say: what else a provider knows of there, such as references and fonts, is charged by the piece.
const CONFIGURED: [&str; 2] = ["aspect_ratio", "image_size"];

/// Bytes of pictures, as base64, that are kept of an answer, in a chat or as a stored response: as much as a request can bring.
/// Of one with more the pictures are left out.
pub const MOST_KEPT: usize = 4 * 1024 * 1024;

/// Whether a request asks for pictures.
///
/// # Errors
/// 400 for what is neither text nor a picture, and for what is charged apart.
pub fn are_asked(request: &Object<'_>) -> Result<bool, Error> {
    const MODALITIES: &str =
        "`modalities` is a list of text and image; answers in sound are charged apart and are not offered here.";
    const CONFIG: &str = "`image_config` is an object with `aspect_ratio` and `image_size`, both texts.";
    let modalities: Vec<String> = read(request, "modalities", MODALITIES)?.unwrap_or_default();
    if !modalities.iter().all(|modality| matches!(modality.as_str(), "text" | "image")) {
        return Err(Error::invalid("modalities", MODALITIES));
    }
    let config: Object<'_> = read(request, "image_config", CONFIG)?.unwrap_or_default();
    for (name, _) in config.iter().filter(|(_, value)| *value != "null") {
        if !CONFIGURED.contains(&name) {
            let message = "`image_config` has `aspect_ratio` and `image_size`; what else a provider knows of there is charged \
                           apart and is not offered here.";
            return Err(Error::invalid("image_config", message));
        }
    }
    for name in CONFIGURED {
        config.read::<String>(name).map_err(|_| Error::invalid("image_config", CONFIG))?;
    }
    Ok(modalities.iter().any(|modality| modality == "image"))
}

/// The usage of an answer with pictures. Who does not say what of the output is a picture is taken to have made little else.
pub fn told<'a>(usage: Usage, mut chunks: impl Iterator<Item = &'a str>) -> Usage {
    let is_told = usage.image_output > 0 || !chunks.any(|chunk| has_value(&IMAGES, chunk.as_bytes()));
    let image_output = if is_told {
        usage.image_output
    } else {
        usage.completion.saturating_sub(usage.reasoning + usage.audio_output)
    };
    Usage { image_output, ..usage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_asked_for_by_name_and_what_is_charged_apart_is_refused() {
        let asked = |json: &str| {
            let request: Object<'_> = serde_json::from_str(json).expect("an object");
            are_asked(&request).map_err(|error| error.param.unwrap_or_default().into_owned())
        };
        for (json, expected) in [
            ("{}", Ok(false)),
            (r#"{"modalities":null,"image_config":null}"#, Ok(false)),
            (r#"{"modalities":[]}"#, Ok(false)),
            (r#"{"modalities":["text"]}"#, Ok(false)),
            (r#"{"modalities":["image","text"]}"#, Ok(true)),
            (r#"{"modalities":["image"],"image_config":{"aspect_ratio":"16:9","image_size":"2K","x":null}}"#, Ok(true)),
            (r#"{"modalities":["audio"]}"#, Err("modalities")),
            (r#"{"modalities":["Image"]}"#, Err("modalities")),
            (r#"{"modalities":"image"}"#, Err("modalities")),
            (r#"{"image_config":{"font_inputs":[{"text":"x"}]}}"#, Err("image_config")),
            (r#"{"image_config":{"aspect_ratio":2}}"#, Err("image_config")),
            (r#"{"image_config":"4K"}"#, Err("image_config")),
        ] {
            assert_eq!(asked(json), expected.map_err(str::to_owned), "{json}");
        }
    }

    #[test]
    fn what_is_not_told_of_a_picture_is_the_picture() {
        let usage = Usage { completion: 1_300, reasoning: 10, ..Usage::default() };
        let drawn = r#"{"choices":[{"delta":{"images":[{}]}}]}"#;
        let image_output = |usage, chunk| told(usage, [r#"{"choices":[]}"#, chunk].into_iter()).image_output;
        assert_eq!(image_output(usage, drawn), 1_290);
        assert_eq!(image_output(Usage { image_output: 1_200, ..usage }, drawn), 1_200);
        assert_eq!(image_output(usage, r#"{"choices":[{"delta":{"content":"\"images\": 1","images":null}}]}"#), 0);
    }
}
