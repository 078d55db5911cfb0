//! A chat completion, or a chunk of one, as a text completion.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::Completions;
use crate::formats::openai::Shape;

/// Turns chats into texts; remembers how long the text of each choice is by now, for the offsets of its tokens.
#[derive(Debug, Default)]
pub struct Translator {
    lengths: HashMap<u64, usize>,
}

impl Translator {
    /// The text completion that says what `chat`, an answer or a chunk, says.
    pub fn translate(&mut self, mut chat: Map<String, Value>) -> Value {
        let choices = match chat.remove("choices") {
            Some(Value::Array(choices)) => choices,
            _ => Vec::new(),
        };
        chat.insert("object".to_owned(), json!(Completions::WHOLE));
        chat.insert("choices".to_owned(), choices.into_iter().map(|choice| self.choice(&choice)).collect());
        Value::Object(chat)
    }

    fn choice(&mut self, choice: &Value) -> Value {
        let message = choice.get("delta").or_else(|| choice.get("message"));
        let said = |name: &str| message.and_then(|message| message.get(name)).filter(|said| !said.is_null());
        let text = said("content").or_else(|| said("refusal")).map(written).unwrap_or_default();
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or_default();
        let begun = self.lengths.entry(index).or_default();
        let logprobs = choice.get("logprobs").and_then(|logprobs| logprobs.get("content")).and_then(Value::as_array);
        let logprobs = logprobs.map_or(Value::Null, |tokens| text_logprobs(tokens, *begun));
        *begun += text.chars().count();
        let finish_reason = choice.get("finish_reason").cloned().unwrap_or_default();
        json!({ "text": text, "index": index, "logprobs": logprobs, "finish_reason": finish_reason })
    }
}

/// A content's text: it may come in parts.
fn written(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")).filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Log probabilities in the form of text completions; offsets are in characters, from `begun` on.
fn text_logprobs(tokens: &[Value], begun: usize) -> Value {
    let token = |of: &Value| of.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
    let logprob = |of: &Value| of.get("logprob").cloned().unwrap_or_default();
    let top = |of: &Value| {
        let others = of.get("top_logprobs").and_then(Value::as_array);
        others.map(|others| others.iter().map(|other| (token(other), logprob(other))).collect::<Map<_, _>>())
    };
    let mut offset = begun;
    let offsets = tokens.iter().map(|of| {
        let at = offset;
        offset += token(of).chars().count();
        at
    });
    let offsets: Vec<usize> = offsets.collect();
    json!({
        "tokens": tokens.iter().map(token).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(logprob).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>(),
        "text_offset": offsets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(translator: &mut Translator, chat: Value) -> Value {
        let Value::Object(chat) = chat else { panic!("{chat} is no object") };
        translator.translate(chat)
    }

    #[test]
    fn chunks_and_answers_become_texts() {
        let mut translator = Translator::default();
        let token = |text: &str| json!({"token": text, "logprob": -0.5, "bytes": null, "top_logprobs": [{"token": "x", "logprob": -1.5}]});
        let first = json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "hé"}, "logprobs": {"content": [token("h"), token("é")]}, "finish_reason": null}]});
        assert_eq!(
            translated(&mut translator, first),
            json!({"id": "c", "object": "text_completion", "model": "m", "choices": [{"text": "hé", "index": 0, "logprobs":
                {"tokens": ["h", "é"], "token_logprobs": [-0.5, -0.5], "top_logprobs": [{"x": -1.5}, {"x": -1.5}], "text_offset": [0, 1]},
                "finish_reason": null}]})
        );
        let second = json!({"choices": [{"index": 0, "delta": {"content": "y"}, "logprobs": {"content": [token("y")]}, "finish_reason": "stop"}]});
        assert_eq!(translated(&mut translator, second)["choices"][0]["logprobs"]["text_offset"], json!([2]));
        let whole =
            json!({"choices": [{"index": 0, "message": {"content": null, "refusal": "no"}, "finish_reason": "stop"}]});
        assert_eq!(translated(&mut Translator::default(), whole)["choices"][0]["text"], "no");
    }
}
