//! How large a prompt is: a bound in tokens that no tokenizer exceeds, the text for a real count, and what is in it
//! besides text.
//!
//! A token is at least one byte of text, so the bytes bound the tokens. An image counts by its model's image tokens,
//! never by the length of its data URL.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::credits::tokens::PER_TURN;
use crate::error::Error;
use crate::formats::PromptSize;
use crate::object::Object;

/// Told to who asks for a cache that is charged at another price than the one in the catalog.
const HOUR: &str = "A cache of one hour is charged apart by the provider and is not offered here; leave out `ttl`.";

/// Who can say something; `function` is what `tool` was called before.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
/// Whose message may have its content elsewhere.
const MAY_SAY_NOTHING: [&str; 2] = ["assistant", "function"];

/// Members of a request that never reach the model's prompt.
const NOT_IN_PROMPT: [&str; 22] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "user",
    "provider",
    "logprobs",
    "top_logprobs",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "metadata",
    "store",
    "service_tier",
    "parallel_tool_calls",
];

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
            match name {
                "role" => {}
                "cache_control" if keeps_an_hour(value) => {
                    return Err(Error::invalid(format!("messages[{place}].cache_control"), HOUR));
                }
                "content" => content(value, place, prompt, sink)?,
                _ => sink.text(value),
            }
        }
    }
    for (name, value) in request.iter().filter(|(name, _)| !NOT_IN_PROMPT.contains(name)) {
        let caches = match name {
            "cache_control" => true,
            "tools" => written_plainly(value).contains("\"cache_control\""),
            _ => false,
        };
        if caches && keeps_an_hour(value) {
            return Err(Error::invalid(name.to_owned(), HOUR));
        }
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
        match (kind.as_ref(), name) {
            (_, "type") => {}
            (_, "cache_control") if keeps_an_hour(value) => return Err(Some(HOUR.into())),
            ("image_url", "image_url") => {
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

fn keeps_an_hour(json: &str) -> bool {
    written_plainly(json).contains("\"1h\"")
}

/// JSON whose ASCII letters, digits and underscores are not written as escapes, so that a word in it can be found.
fn written_plainly(json: &str) -> Cow<'_, str> {
    const ESCAPE: &str = "\\u00";
    let mut pieces = json.split(ESCAPE);
    let first = pieces.next().unwrap_or_default();
    if first.len() == json.len() {
        return Cow::Borrowed(json);
    }
    let mut plain = first.to_owned();
    for piece in pieces {
        let character = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match character.filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&piece[2..]);
            }
            None => {
                plain.push_str(ESCAPE);
                plain.push_str(piece);
            }
        }
    }
    Cow::Owned(plain)
}

/// A JSON string's text.
fn string(json: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(json).ok().map(|text| text.0)
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
    fn tools_and_schemas_count() {
        let tools = r#"[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;
        let plain = measure(r#"{"messages":[{"role":"user","content":"x"}]}"#).expect("a prompt").bound;
        let with =
            measure(&format!(r#"{{"messages":[{{"role":"user","content":"x"}}],"tools":{tools}}}"#)).expect("a prompt");
        assert!(with.bound >= plain + tools.len() as u64);
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
            r#"[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]"#,
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
