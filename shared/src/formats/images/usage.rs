//! The usage of images: tokens by OpenAI's names or by OpenRouter's, and the images that came.

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::formats::openai::usage::{Reported, figure};
use crate::object::Object;

/// What a provider has reported of so many images.
pub fn read(usage: Option<&str>, images: u64) -> Usage {
    let mut reported = Reported::default();
    usage.map(|usage| reported.take(usage));
    let tokens = reported.usage().unwrap_or_default();
    let report: Option<Object<'_>> = usage.and_then(|usage| serde_json::from_str(usage).ok());
    let within = |names: [&str; 2]| {
        let of = |name| report.as_ref()?.read::<Object<'_>>(name).ok().flatten();
        names.into_iter().find_map(of).and_then(|details| figure(&details, &["image_tokens"]))
    };
    let image_input = within(["input_tokens_details", "prompt_tokens_details"]).unwrap_or_default();
    // Who does not say what of the output is a picture has made nothing else.
    let image_output = within(["output_tokens_details", "completion_tokens_details"]).unwrap_or(tokens.completion);
    Usage { images, image_input, image_output: image_output.min(tokens.completion), ..tokens }
}

/// `usage` as the client sees it, in OpenAI's names.
///
/// # Errors
/// None in practice: a figure is JSON.
pub fn shown(usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
    let mut shown = Object::default();
    if let Some(reported) = usage.and_then(|usage| serde_json::from_str::<Object<'_>>(usage).ok()) {
        shown.supersede(reported);
    }
    for name in ["prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"] {
        shown.remove(name);
    }
    shown.set("input_tokens", &bill.usage.prompt)?;
    shown.set("output_tokens", &bill.usage.completion)?;
    shown.set("total_tokens", &bill.usage.total())?;
    if shown.get("input_tokens_details").is_none() {
        let text = bill.usage.prompt.saturating_sub(bill.usage.image_input);
        let details = serde_json::json!({ "text_tokens": text, "image_tokens": bill.usage.image_input });
        shown.set("input_tokens_details", &details)?;
    }
    shown.set("images", &bill.usage.images)?;
    if bill.estimated {
        shown.set("estimated", &true)?;
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_pictures_are_told_from_those_of_text() {
        let usage = |prompt, image_input, completion, image_output| Usage {
            prompt,
            image_input,
            completion,
            image_output,
            images: 2,
            ..Usage::default()
        };
        for (report, expected) in [
            (
                r#"{"input_tokens":50,"output_tokens":4160,"total_tokens":4210,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}"#,
                usage(50, 40, 4160, 4160),
            ),
            (
                r#"{"input_tokens":10,"output_tokens":300,"total_tokens":310,"output_tokens_details":{"image_tokens":272,"text_tokens":28}}"#,
                usage(10, 0, 300, 272),
            ),
            (
                r#"{"prompt_tokens":0,"completion_tokens":4175,"total_tokens":4175,"cost":0.04}"#,
                usage(0, 0, 4175, 4175),
            ),
            ("null", usage(0, 0, 0, 0)),
        ] {
            assert_eq!(read(Some(report), 2), expected, "{report}");
        }
        assert_eq!(read(None, 2), usage(0, 0, 0, 0));
    }
}
