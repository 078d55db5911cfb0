//! A provider's message, read as the chat completion that says the same.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::chunks::Chunks;
use crate::error::Error;
use crate::formats::chat::Chat;
use crate::formats::events::EventStream;
use crate::formats::messages::native::{error_of, events_of};
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::{Answer, Bill, Broken, Ending, Identity, Progress, Report, StoredAnswer, Written};

/// A message as it comes in, and whoever reads the chat that it becomes.
pub struct AsChat {
    stream: EventStream,
    chunks: Chunks,
    chat: Box<dyn Answer>,
}

impl AsChat {
    /// Of an answer that reads a chat.
    pub fn new(chat: Box<dyn Answer>) -> Self {
        Self { stream: EventStream::default(), chunks: Chunks::default(), chat }
    }

    fn read(&mut self, chat: Vec<Bytes>, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        chat.into_iter().try_for_each(|events| self.chat.push(events, out))
    }
}

/// What a message says, as a message of a chat.
#[must_use]
pub fn as_chat(message: Map<String, Value>) -> Option<Map<String, Value>> {
    let mut answer = AsChat::new(Box::new(OpenAiAnswer::<Chat>::new(false, 1)));
    answer.push(events_of(message), &mut Vec::new()).ok()?;
    answer.said()
}

impl Answer for AsChat {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut chat = Vec::new();
        let read = self.stream.push(frame, &mut self.chunks, &mut chat);
        self.read(chat, out)?;
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut chat = Vec::new();
        let read = self.stream.end(&mut self.chunks, &mut chat);
        self.read(chat, out)?;
        read?;
        self.chat.end(out)
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let body: Value = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        if body.get("error").is_some_and(|error| !error.is_null()) {
            return Err(error_of(&body));
        }
        match body {
            Value::Object(message) if message.get("content").is_some_and(Value::is_array) => {
                self.push(events_of(message), out.unwrap_or(&mut Vec::new()))
            }
            _ => Err(Broken::Garbled),
        }
    }

    fn progress(&self) -> Progress {
        self.chat.progress()
    }

    fn report(&self) -> Option<Report> {
        self.chat.report()
    }

    fn written(&self) -> Written {
        self.chat.written()
    }

    fn said(&self) -> Option<Map<String, Value>> {
        self.chat.said()
    }

    fn identity(&self) -> Identity {
        self.chat.identity()
    }

    fn stored(&self, bill: Option<&Bill<'_>>, ending: Ending) -> Option<StoredAnswer> {
        self.chat.stored(bill, ending)
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        self.chat.plain(bill)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        self.chat.close(bill)
    }

    fn wants_bill(&self) -> bool {
        self.chat.wants_bill()
    }

    fn fail(&self, error: &Error) -> Bytes {
        self.chat.fail(error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credits::usage::Usage;
    use crate::money::Nanos;

    fn message() -> Value {
        json!({"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use",
            "stop_sequence": null, "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "zz"},
            {"type": "text", "text": "hi"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "u", "name": "g", "input": {}}],
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 10, "output_tokens": 4}})
    }

    fn reader() -> AsChat {
        AsChat::new(Box::new(OpenAiAnswer::<Chat>::new(true, 1)))
    }

    #[test]
    fn a_message_is_the_chat_that_says_the_same() {
        let usage = Usage { prompt: 33, cached: 20, written: 10, completion: 4, ..Usage::default() };
        let bill = Bill { cost: Nanos(1), provider: "anthropic", ..Bill::of(usage) };
        let Value::Object(members) = message() else { panic!("an object") };
        let (mut streamed, mut whole) = (reader(), reader());
        streamed.push(events_of(members), &mut Vec::new()).expect("well-formed");
        whole.whole(message().to_string().into(), None).expect("a message");
        for answer in [streamed, whole] {
            assert_eq!((answer.progress(), answer.report().map(|report| report.usage)), (Progress::Done, Some(usage)));
            let plain: Value = serde_json::from_slice(&answer.plain(&bill).expect("a chat")).expect("json");
            assert_eq!(
                plain["choices"],
                json!([{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "hi",
                    "reasoning": "hm",
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0},
                        {"type": "reasoning.encrypted", "data": "zz", "format": "anthropic-claude-v1", "index": 1}],
                    "tool_calls": [
                        {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                        {"id": "u", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}}])
            );
            assert_eq!((&plain["object"], &plain["model"]), (&json!("chat.completion"), &json!("c")));
            assert_eq!(plain["usage"]["prompt_tokens_details"], json!({"cached_tokens": 20, "cache_write_tokens": 10}));
        }
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_before_its_end_is_no_chat() {
        let Value::Object(members) = message() else { panic!("an object") };
        let stream = events_of(members);
        let text = String::from_utf8(stream.to_vec()).expect("utf-8");
        let complete = text.find("event: message_stop").expect("its end") - 2;
        for end in 0..stream.len() {
            let mut answer = reader();
            let read = answer.push(stream.slice(..end), &mut Vec::new()).and_then(|()| answer.end(&mut Vec::new()));
            let is_complete = read.is_ok() && answer.progress() >= Progress::Complete;
            // What is cut within a later event is broken.
            assert!(!is_complete || end >= complete, "cut at {end}");
            assert!(is_complete || end != complete, "cut at {end}");
        }
    }

    #[test]
    fn an_error_breaks_it_and_a_ping_is_a_comment() {
        let mut out = Vec::new();
        let mut answer = reader();
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";
        let stream = format!("event: ping\ndata: {{\"type\": \"ping\"}}\n\n{error}");
        assert!(matches!(answer.push(stream.into(), &mut out), Err(Broken::Error(Some(529), _))));
        assert_eq!(out.concat(), b": ping\n\n");
        assert_eq!(reader().whole("{}".into(), None), Err(Broken::Garbled));
    }
}
