//! A provider's answer, streamed or whole, and what the client gets of it.

use bytes::Bytes;
use serde_json::value::RawValue;

use serde_json::Value;

use super::assemble::assemble;
use super::chunks::Chunks;
use super::last_events::{closing_events, error_event};
use super::{Shape, body, usage};
use crate::credits::usage::Usage;
use crate::error::Error;
use crate::formats::events::EventStream;
use crate::formats::{Answer, Bill, Broken, Progress};
use crate::object::Object;

/// An answer as it comes in: chunks of a stream, or one body.
pub struct OpenAiAnswer<S> {
    events: EventStream,
    chunks: Chunks<S>,
    whole: Option<Whole>,
    include_usage: bool,
}

/// A plain answer's body, and its `usage` as it stands there.
#[derive(Debug)]
struct Whole {
    body: Bytes,
    reported: Option<Box<RawValue>>,
}

impl<S: Shape> OpenAiAnswer<S> {
    /// Of a client that wants the usage at a stream's end, or does not.
    #[must_use]
    pub fn new(include_usage: bool) -> Self {
        Self { events: EventStream::default(), chunks: Chunks::default(), whole: None, include_usage }
    }

    /// The plain answer's body: as it came, or put together.
    #[must_use]
    pub fn body(&self) -> Option<Bytes> {
        match &self.whole {
            Some(whole) => Some(whole.body.clone()),
            None => assemble::<S>(self.chunks.texts()).map(|answer| answer.to_string().into()),
        }
    }

    /// The first chunk, whose identity all chunks of a stream share.
    #[must_use]
    pub fn first_chunk(&self) -> Option<&str> {
        self.chunks.texts().next()
    }

    /// The last usage that the provider reported, as it reported it.
    #[must_use]
    pub fn reported(&self) -> Option<&RawValue> {
        self.whole.as_ref().map_or_else(|| self.chunks.usage(), |whole| whole.reported.as_deref())
    }
}

impl<S: Shape> Answer for OpenAiAnswer<S> {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.events.push(frame, &mut self.chunks, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.events.end(&mut self.chunks, out)
    }

    fn whole(&mut self, body: Bytes) -> Result<(), Broken> {
        let answer: Object<'_> = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        let has_choices = answer.get("choices").is_some_and(|choices| choices.starts_with('['));
        let has_error = answer.get("error").is_some_and(|error| error != "null");
        if !has_choices || has_error {
            return Err(Broken::Garbled);
        }
        let reported = answer.read::<&RawValue>("usage").ok().flatten().map(ToOwned::to_owned);
        self.whole = Some(Whole { body, reported });
        Ok(())
    }

    fn progress(&self) -> Progress {
        if self.whole.is_some() { Progress::Done } else { self.chunks.progress() }
    }

    fn usage(&self) -> Option<Usage> {
        self.reported().and_then(|reported| usage::read(reported.get()))
    }

    fn text(&self) -> String {
        let whole = self.whole.as_ref().and_then(|whole| str::from_utf8(&whole.body).ok());
        let mut text = String::new();
        for answer in whole.into_iter().chain(self.chunks.texts()) {
            let answer: Value = serde_json::from_str(answer).unwrap_or_default();
            let choices = answer.get("choices").and_then(Value::as_array);
            choices.into_iter().flatten().for_each(|choice| S::text(choice, &mut text));
        }
        text
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.body().ok_or(Broken::Garbled)?;
        body::with_bill(&body, self.reported(), bill).map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        closing_events::<S>(self.first_chunk(), self.reported(), bill)
    }

    fn wants_bill(&self) -> bool {
        self.include_usage
    }

    fn fail(&self, error: &Error) -> Bytes {
        error_event::<S>(self.first_chunk(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::chat::Chat;
    use crate::money::Nanos;

    fn bill() -> Bill<'static> {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        Bill { usage, estimated: false, cost: Nanos(1500), provider: "chutes", upstream_model: "up", request_id: "r" }
    }

    #[test]
    fn a_plain_answer_keeps_everything_and_gains_its_cost() {
        let body = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0}}"#;
        let mut answer = OpenAiAnswer::<Chat>::new(false);
        answer.whole(Bytes::from(body)).expect("a completion");
        assert_eq!((answer.text().as_str(), answer.progress()), ("hi", Progress::Done));
        let expected = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0,"cost":0.0000015},"gateway":{"provider":"chutes","upstream_model":"up","request_id":"r"}}"#;
        assert_eq!(answer.plain(&bill()).expect("json"), expected);
    }

    #[test]
    fn what_is_not_a_completion_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"choices":null}"#, r#"{"choices":[],"error":{"message":"x"}}"#] {
            assert_eq!(OpenAiAnswer::<Chat>::new(false).whole(Bytes::from(body)), Err(Broken::Garbled), "{body}");
        }
    }

    #[test]
    fn a_stream_is_a_plain_answer_for_whoever_asked_for_one() {
        let stream = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n\
             data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
        let mut answer = OpenAiAnswer::<Chat>::new(false);
        answer.push(Bytes::from(stream), &mut Vec::new()).expect("well-formed");
        assert_eq!(answer.usage(), Some(Usage { prompt: 3, completion: 4, ..Usage::default() }));
        let plain: serde_json::Value =
            serde_json::from_slice(&answer.plain(&bill()).expect("an answer")).expect("json");
        assert_eq!(plain["choices"][0]["message"]["content"], "hi");
        assert_eq!(plain["usage"]["completion_tokens"], 4);
        assert_eq!(OpenAiAnswer::<Chat>::new(false).plain(&bill()), Err(Broken::Garbled));
    }
}
