//! Chunks that differ in one text, as most of a stream's do: all else in them is known from the chunk before.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Shape;
use super::merge::is_name;
use crate::object::{Object, string};

/// A chunk around a text that goes on. It holds nothing else that would be more if it were said again, so a chunk that is the same
/// but for its text only appends that.
pub struct Pattern<'a> {
    /// The chunk up to the text's first quote, and from its last.
    before: &'a str,
    after: &'a str,
    /// Which member of a plain answer's choice the text is a piece of, or a member of that.
    piece: &'static str,
    member: Option<String>,
}

impl<'a> Pattern<'a> {
    /// The pattern of `chunk`, whose only choice is `delta`, read from the chunk's text.
    pub fn of<S: Shape>(chunk: &'a str, delta: &Object<'_>) -> Option<Self> {
        let place = |json: &str| {
            let begin = json.as_ptr().addr().checked_sub(chunk.as_ptr().addr())?;
            Some((begin, begin + json.len() - 1))
        };
        let mut found = None;
        for (name, json) in delta.iter() {
            // What is not put together is replaced by the same.
            let Some(piece) = S::piece_of(delta, name) else { continue };
            match json.as_bytes() {
                b"null" => {}
                [b'"', ..] => take(&mut found, (piece, None, place(json)?))?,
                [b'{', ..] => {
                    let members: Object<'_> = serde_json::from_str(json).ok()?;
                    for (name, json) in members.iter() {
                        match json.as_bytes() {
                            [b'"', ..] if is_name(name) => {}
                            [b'"', ..] => take(&mut found, (piece, Some(name.to_owned()), place(json)?))?,
                            [b'{' | b'[', ..] => return None,
                            _ => {}
                        }
                    }
                }
                _ => return None,
            }
        }
        let (piece, member, (first, last)) = found?;
        Some(Self { before: chunk.get(..=first)?, after: chunk.get(last..)?, piece, member })
    }

    /// What has been put together of the text in a plain answer's choice.
    pub fn begun<'c>(&self, choice: &'c mut Map<String, Value>) -> Option<&'c mut String> {
        let piece = choice.get_mut(self.piece)?;
        let text = match &self.member {
            Some(member) => piece.get_mut(member)?,
            None => piece,
        };
        if let Value::String(begun) = text { Some(begun) } else { None }
    }

    /// The text of `chunk`, if all else in it is the same.
    pub fn text_of<'c>(&self, chunk: &'c str) -> Option<Cow<'c, str>> {
        let text = chunk.strip_prefix(self.before)?.strip_suffix(self.after)?;
        if text.bytes().any(|byte| matches!(byte, b'"' | b'\\') || byte < b' ') {
            // With its quotes it must be one JSON string: else it says more than a text.
            return string(chunk.get(self.before.len() - 1..=chunk.len() - self.after.len())?);
        }
        Some(Cow::Borrowed(text))
    }
}

/// Notes a text that goes on; `None` if there is one already, since two are no pattern.
fn take<T>(found: &mut Option<T>, text: T) -> Option<()> {
    found.replace(text).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formats::chat::Chat;
    use crate::formats::completions::Completions;

    fn pattern<S: Shape>(choice: &str) -> Option<(String, String)> {
        let chunk = format!(r#"{{"id":"c","choices":[{choice}],"usage":null}}"#);
        let delta: Object<'_> = serde_json::from_str(chunk.split_at(21).1.split_at(choice.len()).0).expect("a choice");
        let pattern = Pattern::of::<S>(&chunk, &delta)?;
        assert_eq!(pattern.text_of(&chunk).map(Cow::into_owned), Some("a".to_owned()), "{choice}");
        Some((pattern.piece.to_owned(), pattern.member.unwrap_or_default()))
    }

    #[test]
    fn a_chunk_is_a_pattern_if_all_but_one_text_may_be_said_again() {
        for (choice, expected) in [
            (r#"{"index":0,"delta":{"content":"a"},"finish_reason":null}"#, Some("content")),
            (r#"{"delta":{"role":"assistant","content":"a","refusal":null},"logprobs":null}"#, Some("content")),
            (r#"{"delta":{"content":null,"reasoning":"a","n":1,"b":true}}"#, Some("reasoning")),
            // Two texts; a list, which gets longer; an object that may hold either; none.
            (r#"{"delta":{"reasoning":"a","reasoning_content":"a"}}"#, None),
            (r#"{"delta":{"content":"a"},"logprobs":{"content":[]}}"#, None),
            (r#"{"delta":{"content":"a"},"logprobs":[]}"#, None),
            (r#"{"delta":{"content":"a","audio":{}}}"#, None),
            (r#"{"delta":{"content":"a","reasoning_details":[]}}"#, None),
            (r#"{"delta":{"role":"assistant","content":null}}"#, None),
            (r#"{"delta":{}}"#, None),
        ] {
            assert_eq!(
                pattern::<Chat>(choice),
                expected.map(|name| ("message".to_owned(), name.to_owned())),
                "{choice}"
            );
        }
        let text = pattern::<Completions>(r#"{"index":0,"text":"a","logprobs":null}"#);
        assert_eq!(text, Some(("text".to_owned(), String::new())));
    }

    #[test]
    fn only_what_is_one_text_is_taken_for_one() {
        let chunk = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":{text}}}}}]}}"#);
        let first = chunk("\"a\"");
        let delta: Object<'_> = serde_json::from_str(&first[12..first.len() - 2]).expect("a choice");
        let pattern = Pattern::of::<Chat>(&first, &delta).expect("a pattern");
        for (text, expected) in [
            ("\"\"", Some("")),
            ("\"é b\"", Some("é b")),
            (r#""\n\"\u00e9""#, Some("\n\"é")),
            (r#""a","refusal":"b""#, None),
            (r#""a\""#, None),
            ("\"\n\"", None),
            ("\"", None),
            ("1", None),
        ] {
            assert_eq!(pattern.text_of(&chunk(text)).as_deref(), expected, "{text}");
        }
        let mut choice = json!({"message": {"content": "x"}});
        assert_eq!(choice.as_object_mut().and_then(|choice| pattern.begun(choice)).map(|text| &**text), Some("x"));
        let mut parts = json!({"message": {"content": [{"type": "text", "text": "x"}]}});
        assert!(parts.as_object_mut().and_then(|choice| pattern.begun(choice)).is_none());
    }
}
