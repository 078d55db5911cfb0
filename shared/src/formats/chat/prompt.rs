//! How large a prompt is: a bound in tokens that no tokenizer exceeds, the text for a real count, and what is in it
//! besides text.
//!
//! A token is at least one byte of text, so the bytes bound the tokens. An image counts by its model's image tokens,
//! never by the length of its data URL.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::credits::tokens::PER_TURN;
use crate::error::Error;
use crate::formats::PromptSize;
use crate::formats::openai::members::{check_cache, reaches_prompt};
use crate::formats::picture::{self, is_picture};
use crate::object::{Object, string};

/// Members that a provider turns into instructions for the model, in words of its own (Anthropic, "Tool use: pricing": 159 to
/// 530 tokens). The catalog says how many tokens that may be.
const BRING_INSTRUCTIONS: [&str; 3] = ["tools", "functions", "response_format"];

/// Who can say something; `function` is what `tool` was called before.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
/// Whose message may have its content elsewhere.
const MAY_SAY_NOTHING: [&str; 2] = ["assistant", "function"];

/// Collects a prompt's text, or just its length.
trait Sink {
    fn text(&mut self, text: &str);
}

struct Bytes(u64);

impl Sink for Bytes {
    fn text(&mut self, text: &str) {
        self.0 = self.0.saturating_add(text.len() as u64);
    }
}

impl Sink for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
        self.push('\n');
    }
}

/// Measures the request's messages, tools and schemas.
///
/// # Errors
/// `invalid_request` when `messages` is not a non-empty array of objects, or a part cannot be priced.
pub fn measure(request: &Object<'_>) -> Result<PromptSize, Error> {
    let mut prompt = PromptSize { member: "messages", ..PromptSize::default() };
    let mut bytes = Bytes(0);
    walk(request, &mut prompt, &mut bytes)?;
    prompt.bound = bytes.0.saturating_add(prompt.turns.saturating_mul(PER_TURN));
    Ok(prompt)
}

/// Measures one message by itself.
///
/// # Errors
/// `invalid_request` when it is no message object, or a part of it cannot be priced.
pub fn measure_message(message: &RawValue) -> Result<PromptSize, Error> {
    let alone = format!("{{\"messages\":[{}]}}", message.get());
    let request: Object<'_> = serde_json::from_str(&alone)
        .map_err(|_| Error::invalid("messages", "A message is an object with a `role` and a `content`."))?;
    measure(&request).map_err(|mut error| {
        // Its members are the request's own.
        error.param = error.param.map(|param| param.replace("messages[0].", "").replace("messages", "role").into());
        error
    })
}

/// Who says a message, if it says so.
#[must_use]
pub fn role(message: &RawValue) -> Option<String> {
    let message: Object<'_> = serde_json::from_str(message.get()).ok()?;
    message.read("role").ok().flatten()
}

/// The text of one message.
#[must_use]
pub fn message_text(message: &RawValue) -> String {
    let alone = format!("{{\"messages\":[{}]}}", message.get());
    serde_json::from_str::<Object<'_>>(&alone).map(|request| text(&request)).unwrap_or_default()
}

/// All text that goes into the prompt.
#[must_use]
pub fn text(request: &Object<'_>) -> String {
    let mut text = String::new();
    // Measured before, so it cannot fail now; what was read until a failure counts.
    let _ = walk(request, &mut PromptSize::default(), &mut text);
    text
}

fn holds(prompt: &mut PromptSize, modality: &'static str) {
    if !prompt.modalities.contains(&modality) {
        prompt.modalities.push(modality);
    }
}

fn walk(request: &Object<'_>, prompt: &mut PromptSize, sink: &mut impl Sink) -> Result<(), Error> {
    let messages: Vec<Object<'_>> = request
        .read("messages")
        .map_err(|_| Error::invalid("messages", "`messages` is an array of message objects."))?
        .unwrap_or_default();
    if messages.is_empty() {
        return Err(Error::invalid("messages", "`messages` holds at least one message."));
    }
    prompt.turns = messages.len() as u64;
    for (place, message) in messages.iter().enumerate() {
        check_role(message, place)?;
        for (name, value) in message.iter() {
            check_cache(name, value, true)
                .map_err(|message| Error::invalid(format!("messages[{place}].{name}"), message))?;
            match name {
                "role" => {}
                "content" => content(value, place, prompt, sink)?,
                // What a model has drawn goes back to it so.
                "images" if value.starts_with('[') => content(value, place, prompt, sink)?,
                _ => sink.text(value),
            }
        }
    }
    for (name, value) in request.iter().filter(|(name, _)| *name != "messages" && reaches_prompt(name)) {
        prompt.tools |= BRING_INSTRUCTIONS.contains(&name) && value != "null";
        sink.text(name);
        sink.text(value);
    }
    Ok(())
}

/// Refuses what every provider does: a role that nobody knows, and a message that says nothing. An assistant's may call
/// tools instead.
fn check_role(message: &Object<'_>, place: usize) -> Result<(), Error> {
    let role = message.get("role").and_then(string);
    let Some(role) = role.filter(|role| ROLES.contains(&role.as_ref())) else {
        let message = format!("A message's `role` is one of {}.", ROLES.join(", "));
        return Err(Error::invalid(format!("messages[{place}].role"), message));
    };
    let says_nothing = message.get("content").is_none_or(|content| content == "null");
    if says_nothing && !MAY_SAY_NOTHING.contains(&role.as_ref()) {
        let message = format!("A message of the role `{role}` has `content`: a text or an array of parts.");
        return Err(Error::invalid(format!("messages[{place}].content"), message));
    }
    Ok(())
}

fn content(value: &str, place: usize, prompt: &mut PromptSize, sink: &mut impl Sink) -> Result<(), Error> {
    let invalid = || {
        Error::invalid(
            format!("messages[{place}].content"),
            "A message's `content` is text, null or an array of parts.",
        )
    };
    match value.as_bytes().first() {
        Some(b'"') => sink.text(&string(value).ok_or_else(invalid)?),
        Some(b'n') => {}
        Some(b'[') => {
            let parts: Vec<&RawValue> = serde_json::from_str(value).map_err(|_| invalid())?;
            for raw in parts {
                part(raw.get(), prompt, sink).map_err(|message| {
                    message
                        .map_or_else(invalid, |message| Error::invalid(format!("messages[{place}].content"), message))
                })?;
            }
        }
        _ => return Err(invalid()),
    }
    Ok(())
}

fn part(raw: &str, prompt: &mut PromptSize, sink: &mut impl Sink) -> Result<(), Option<Cow<'static, str>>> {
    let part: Object<'_> = serde_json::from_str(raw).map_err(|_| None)?;
    let kind = part.get("type").and_then(string).ok_or(None)?;
    for (name, value) in part.iter() {
        check_cache(name, value, true).map_err(|message| Some(message.into()))?;
        match (kind.as_ref(), name) {
            (_, "type") => {}
            ("image_url", "image_url") => {
                if !may_be_picture(value) {
                    return Err(Some(picture::INSTEAD.into()));
                }
                prompt.images += 1;
                holds(prompt, "image");
            }
            ("text", "text") => sink.text(&string(value).ok_or(None)?),
            _ => sink.text(value),
        }
    }
    match kind.as_ref() {
        "text" | "image_url" | "refusal" | "thinking" => {}
        "input_audio" => holds(prompt, "audio"),
        "file" => holds(prompt, "file"),
        "video_url" => holds(prompt, "video"),
        // Whatever else a provider may take would not be priced.
        _ => return Err(Some("A content part's `type` is text, image_url, input_audio, video_url or file.".into())),
    }
    Ok(())
}

/// Whether what stands in a picture's place, an address or an object with its `url`, may be one.
fn may_be_picture(place: &str) -> bool {
    let object: Option<Object<'_>> = serde_json::from_str(place).ok();
    let url = object.as_ref().map_or(Some(place), |object| object.get("url"));
    url.and_then(string).is_none_or(|url| is_picture(&url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::tokens;

    fn measure(json: &str) -> Result<PromptSize, Error> {
        super::measure(&serde_json::from_str(json).expect("an object"))
    }

    #[test]
    fn text_counts_by_its_bytes_and_an_image_not_by_its_data() {
        let data = "A".repeat(100_000);
        let prompt = measure(&format!(
            r#"{{"model":"m","messages":[
                {{"role":"system","content":"héllo\n"}},
                {{"role":"user","content":[{{"type":"text","text":"abc"}},
                  {{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}]}}]}}"#
        ))
        .expect("a prompt");
        assert_eq!((prompt.images, prompt.turns), (1, 2));
        assert_eq!(prompt.bound, 7 + 3 + 2 * PER_TURN);
        assert_eq!(prompt.modalities, ["image"]);
    }

    #[test]
    fn what_a_model_has_drawn_counts_as_pictures_and_nothing_hides_among_them() {
        let drawn = |images: &str| {
            measure(&format!(r#"{{"messages":[{{"role":"assistant","content":"ab","images":{images}}}]}}"#))
        };
        let picture =
            format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}"#, "A".repeat(9_000));
        let prompt = drawn(&format!("[{picture},{picture}]")).expect("a prompt");
        assert_eq!((prompt.images, prompt.bound, prompt.modalities.as_slice()), (2, 2 + PER_TURN, &["image"][..]));
        let hidden = drawn(&format!(r#"[{{"type":"text","text":"{}"}}]"#, "x".repeat(500))).expect("a prompt");
        assert!(hidden.images == 0 && hidden.bound >= 500);
        assert!(drawn(r#""text""#).expect("a prompt").bound >= 6 && drawn(r#"[{"url":"data:"}]"#).is_err());
    }

    #[test]
    fn tools_and_schemas_count() {
        let tools = r#"[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;
        let plain = measure(r#"{"messages":[{"role":"user","content":"x"}]}"#).expect("a prompt").bound;
        let none = measure(r#"{"messages":[{"role":"user","content":"x"}],"tools":null}"#).expect("a prompt");
        assert!(!none.tools);
        let with =
            measure(&format!(r#"{{"messages":[{{"role":"user","content":"x"}}],"tools":{tools}}}"#)).expect("a prompt");
        assert!(with.bound >= plain + tools.len() as u64 && with.tools);
    }

    #[test]
    fn what_cannot_be_a_prompt_is_refused() {
        for messages in [
            "null",
            "[]",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"role":1}]"#,
            r#"[{"role":"wizard","content":"x"}]"#,
            r#"[{"role":"user"}]"#,
            r#"[{"role":"system","content":null}]"#,
            r#"[{"role":"user","content":5}]"#,
            r#"[{"role":"user","content":[{"text":"no type"}]}]"#,
            r#"[{"role":"user","content":[{"type":"hologram"}]}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"12h"}}]}]"#,
        ] {
            let error = measure(&format!(r#"{{"messages":{messages}}}"#)).expect_err(messages);
            assert_eq!(error.http_status(), 400, "{messages}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_bound_is_never_below_a_real_count(text in "\\PC{0,400}", digits in "[0-9.,:;]{0,200}") {
            let body = serde_json::json!({"messages": [{"role": "user", "content": format!("{text}{digits}")}]});
            let prompt = measure(&body.to_string()).expect("a prompt");
            proptest::prop_assert!(prompt.bound >= tokens::count(&text) + tokens::count(&digits));
        }
    }
}
