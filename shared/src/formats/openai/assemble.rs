//! A streamed answer put together into the plain one: so a plain call can be asked of its provider as a stream.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Shape;
use super::alike::Pattern;
use super::merge::{merge_json, supersede_json};
use crate::object::Object;

/// Members of a chunk that a plain answer has not, or has from elsewhere.
const OF_STREAMS: [&str; 3] = ["choices", "usage", "obfuscation"];

/// The answer of which these are the chunks, each a JSON text; `None` when they make none.
///
/// A long answer has thousands of chunks that differ in one short text, so nothing of a chunk is read into values but what
/// is new in it; and of those that are alike, only the text.
#[must_use]
pub fn assemble<'a, S: Shape>(chunks: impl Iterator<Item = &'a str>) -> Option<Value> {
    let mut members = Object::default();
    let mut choices: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    let mut chunks = chunks.peekable();
    while let Some(text) = chunks.next() {
        let mut chunk: Object<'a> = serde_json::from_str(text).ok()?;
        let deltas: Vec<&RawValue> = chunk.read("choices").ok().flatten().unwrap_or_default();
        // What is no choice takes none of those beside it.
        let deltas: Vec<Object<'_>> =
            deltas.iter().filter_map(|delta| serde_json::from_str(delta.get()).ok()).collect();
        for delta in &deltas {
            add_choice::<S>(&mut choices, delta).ok()?;
        }
        if let [delta] = &deltas[..]
            && let Some(pattern) = Pattern::of::<S>(text, delta)
            && let Some(begun) = choices.get_mut(&index_of(delta)).and_then(|choice| pattern.begun(choice))
        {
            while let Some(more) = chunks.peek().and_then(|next| pattern.text_of(next)) {
                begun.push_str(&more);
                chunks.next();
            }
        }
        chunk.remove_all(&OF_STREAMS);
        members.replace(chunk);
    }
    if choices.is_empty() {
        return None;
    }
    let mut answer = Map::new();
    for (name, json) in members.iter() {
        supersede_json(&mut answer, name, json).ok()?;
    }
    answer.insert("object".to_owned(), json!(S::WHOLE));
    let finished = choices.into_values().map(|mut choice| {
        S::finish(&mut choice);
        Value::Object(choice)
    });
    answer.insert("choices".to_owned(), finished.collect());
    Some(Value::Object(answer))
}

fn index_of(delta: &Object<'_>) -> u64 {
    delta.get("index").and_then(|index| index.parse().ok()).unwrap_or_default()
}

fn add_choice<S: Shape>(choices: &mut BTreeMap<u64, Map<String, Value>>, delta: &Object<'_>) -> serde_json::Result<()> {
    let index = index_of(delta);
    let choice = choices.entry(index).or_insert_with(|| {
        Map::from_iter([("index".to_owned(), json!(index)), ("finish_reason".to_owned(), Value::Null)])
    });
    delta.iter().try_for_each(|(name, json)| match S::piece_of(delta, name) {
        Some(whole) => merge_json(choice, whole, json),
        None => supersede_json(choice, name, json),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::chat::Chat;
    use crate::formats::completions::Completions;

    fn assembled<S: Shape>(chunks: &[Value]) -> Option<Value> {
        let chunks: Vec<String> = chunks.iter().map(Value::to_string).collect();
        assemble::<S>(chunks.iter().map(String::as_str))
    }

    #[test]
    fn a_chat_is_put_together_choice_by_choice() {
        let chunk = |choices: Value| {
            json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "system_fingerprint": null, "obfuscation": "xyz", "choices": choices})
        };
        let chunks = [
            chunk(
                json!([{"index": 1, "delta": {"role": "assistant", "content": ""}, "logprobs": null, "finish_reason": null}]),
            ),
            chunk(json!([{"index": 0, "delta": {"role": "assistant", "content": "a", "refusal": null},
                "logprobs": {"content": [{"token": "a"}], "refusal": null}, "finish_reason": null}])),
            chunk(
                json!([{"index": 0, "delta": {"content": "b"}, "logprobs": {"content": [{"token": "b"}], "refusal": null},
                "finish_reason": null}]),
            ),
            chunk(json!([{"index": 1, "delta": {"tool_calls": [{"index": 0, "id": "t", "type": "function",
                "function": {"name": "f", "arguments": ""}}]}, "finish_reason": null}])),
            chunk(
                json!([{"index": 1, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, "finish_reason": null}]),
            ),
            chunk(
                json!([{"index": 0, "delta": {}, "finish_reason": "stop"}, {"index": 1, "delta": {}, "finish_reason": "tool_calls"}]),
            ),
        ];
        assert_eq!(
            assembled::<Chat>(&chunks),
            Some(
                json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": null, "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "ab", "refusal": null},
                 "logprobs": {"content": [{"token": "a"}, {"token": "b"}], "refusal": null}, "finish_reason": "stop"},
                {"index": 1, "message": {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                 "logprobs": null, "finish_reason": "tool_calls"}]})
            )
        );
    }

    #[test]
    fn texts_are_put_together_choice_by_choice() {
        let chunks = [
            json!({"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [
                {"index": 1, "text": "x", "logprobs": null, "finish_reason": null}]}),
            json!({"id": "c", "choices": [{"index": 0, "text": "a", "logprobs": {"tokens": ["a"], "text_offset": [0]}, "finish_reason": null}]}),
            json!({"id": "c", "choices": [{"index": 0, "text": "b", "logprobs": {"tokens": ["b"], "text_offset": [1]}, "finish_reason": "stop"},
                {"index": 1, "text": "", "logprobs": null, "finish_reason": "length"}]}),
        ];
        assert_eq!(
            assembled::<Completions>(&chunks),
            Some(json!({"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [
                {"index": 0, "text": "ab", "logprobs": {"tokens": ["a", "b"], "text_offset": [0, 1]}, "finish_reason": "stop"},
                {"index": 1, "text": "x", "logprobs": null, "finish_reason": "length"}]}))
        );
    }

    #[test]
    fn what_is_no_choice_takes_none_of_those_beside_it() {
        let chunks = [
            json!({"id": "c", "choices": [null, {"index": 0, "text": "a", "finish_reason": null}]}),
            json!({"id": "c", "choices": null}),
            json!({"id": "c", "choices": [{"index": 0, "text": "b", "finish_reason": "stop"}, 7]}),
        ];
        let answer = assembled::<Completions>(&chunks).expect("an answer");
        assert_eq!(answer["choices"], json!([{"index": 0, "text": "ab", "finish_reason": "stop"}]));
    }

    #[test]
    fn what_has_no_choices_is_no_answer() {
        assert_eq!(assembled::<Chat>(&[]), None);
        assert_eq!(assembled::<Chat>(&[json!({"id": "c", "choices": []})]), None);
        assert_eq!(assemble::<Chat>(["x"].into_iter()), None);
    }

    /// A choice with what providers put into it; the texts are few, so that many chunks are alike.
    fn choice() -> impl Strategy<Value = String> {
        let text = "(a|b \\\\n|\\\\u00e9|\\\\\"|)";
        let rest = prop_oneof![
            5 => Just(String::new()),
            1 => Just(r#","role":"assistant""#.to_owned()),
            1 => Just(r#","refusal":null"#.to_owned()),
            1 => Just(r#","reasoning":"r""#.to_owned()),
            1 => Just(r#","tool_calls":[{"index":0,"function":{"arguments":"1"}}]"#.to_owned()),
        ];
        let beside = prop_oneof![
            5 => Just(r#","finish_reason":null"#),
            1 => Just(r#","logprobs":{"content":[{"token":"a"}]}"#),
            1 => Just(r#","logprobs":null,"finish_reason":"stop""#),
        ];
        let member = prop_oneof![5 => Just("content"), 1 => Just("reasoning")];
        (0..3u8, member, text, rest, beside).prop_map(|(index, member, text, rest, beside)| {
            format!(r#"{{"index":{},"delta":{{"{member}":"{text}"{rest}}}{beside}}}"#, index / 2)
        })
    }

    proptest! {
        /// What is alike is put together as if it were not, which spaces see to.
        #[test]
        fn chunks_that_are_alike_are_read_as_any_others(choices in proptest::collection::vec(choice(), 1..12)) {
            let alike: Vec<String> =
                choices.iter().map(|choice| format!(r#"{{"id":"c","choices":[{choice}]}}"#)).collect();
            let unlike = alike.iter().enumerate().map(|(at, chunk)| format!("{}{chunk}", " ".repeat(at)));
            let unlike: Vec<String> = unlike.collect();
            let answer = assemble::<Chat>(alike.iter().map(String::as_str));
            prop_assert!(answer.is_some());
            prop_assert_eq!(answer, assemble::<Chat>(unlike.iter().map(String::as_str)));
        }
    }
}
