//! A provider's answer, streamed or whole, and what the client gets of it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::assemble::assemble;
use super::chunks::{self, Chunks};
use super::glance;
use super::last_events::{closing_events, error_event};
use super::usage::Reported;
use super::{Shape, body, openrouter};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::formats::events::EventStream;
use crate::formats::{Answer, Bill, Broken, Identity, Progress, Report, Written};
use crate::object::Object;
use crate::providers::internal;

/// The chunks at a stream's end among which the one is that says why it ended.
const LAST: usize = 8;

/// An answer as it comes in: chunks of a stream, or one body.
pub struct OpenAiAnswer<S: Shape> {
    events: EventStream,
    chunks: Chunks<S>,
    whole: Option<Plain>,
    include_usage: bool,
    dialect: Dialect,
    /// Whether anybody reads its events.
    streams: bool,
}

/// A plain answer's body, and the `usage` in it.
#[derive(Debug)]
struct Plain {
    body: Bytes,
    reported: Reported,
}

impl<S: Shape> OpenAiAnswer<S> {
    /// Of a client that wants the usage at a stream's end, or does not, and that asked for so many choices.
    #[must_use]
    pub fn new(include_usage: bool, choices: u64) -> Self {
        Self {
            events: EventStream::default(),
            chunks: Chunks::new(choices),
            whole: None,
            include_usage,
            dialect: Dialect::OpenAi,
            streams: true,
        }
    }

    /// Of a client that speaks this dialect, and gets it as a stream or does not.
    #[must_use]
    pub fn spoken_in(mut self, dialect: Dialect, streams: bool) -> Self {
        self.dialect = dialect;
        self.streams = streams;
        self
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

    /// Words the events of `out` from `from` on as the client's dialect has them.
    fn word(&self, out: &mut [Bytes], from: usize) {
        if self.streams && self.dialect == Dialect::OpenRouter {
            for events in out.iter_mut().skip(from) {
                *events = openrouter::without_nulls(std::mem::take(events));
            }
        }
    }

    /// All that the provider has reported of usage.
    #[must_use]
    pub fn reported(&self) -> &Reported {
        self.whole.as_ref().map_or_else(|| self.chunks.reported(), |whole| &whole.reported)
    }
}

impl<S: Shape> Answer for OpenAiAnswer<S> {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.events.push(frame, &mut self.chunks, out);
        self.word(out, before);
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.events.end(&mut self.chunks, out);
        self.word(out, before);
        read
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let mut answer: Object<'_> = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        if let Some(error) = glance::error(&answer) {
            return Err(error);
        }
        if !answer.get("choices").is_some_and(|choices| choices.starts_with('[')) {
            return Err(Broken::Garbled);
        }
        if let Some(out) = out {
            let events = as_events::<S>(&body).ok_or(Broken::Garbled)?;
            return self.push(events, out);
        }
        let mut reported = Reported::default();
        chunks::take_usage(&mut reported, &answer);
        let mut mender = S::Mender::default();
        let may_need_mending = S::may_need_mending(&mender, &body);
        let mended = may_need_mending.then(|| chunks::mended::<S>(&mut mender, &answer)).flatten();
        let mut changed = answer.remove_all(&internal::OF_ANSWERS);
        if let Some(choices) = mended {
            answer.set("choices", &choices).map_err(|_| Broken::Garbled)?;
            changed = true;
        }
        let body =
            if changed { serde_json::to_vec(&answer).map_err(|_| Broken::Garbled)?.into() } else { body.clone() };
        self.whole = Some(Plain { body, reported });
        Ok(())
    }

    fn progress(&self) -> Progress {
        if self.whole.is_some() { Progress::Done } else { self.chunks.progress() }
    }

    fn report(&self) -> Option<Report> {
        let report = match &self.whole {
            Some(whole) => whole.reported.usage().map(Report::of),
            None => self.chunks.report(),
        }?;
        let whole = self.whole.as_ref().and_then(|whole| str::from_utf8(&whole.body).ok());
        let usage = S::shown(report.usage, whole.into_iter().chain(self.chunks.texts()));
        Some(Report { usage, ..report })
    }

    fn written(&self) -> Written {
        let whole = self.whole.as_ref().and_then(|whole| str::from_utf8(&whole.body).ok());
        let mut written = Written::default();
        for answer in whole.into_iter().chain(self.chunks.texts()) {
            let answer: Value = serde_json::from_str(answer).unwrap_or_default();
            match answer.get("choices") {
                Some(Value::Array(choices)) => {
                    choices.iter().for_each(|choice| written.is_all &= S::text(choice, &mut written.text));
                }
                None | Some(Value::Null) => {}
                Some(_) => written.is_all = false,
            }
        }
        written
    }

    fn said(&self) -> Option<Map<String, Value>> {
        let mut answer: Value = serde_json::from_slice(&self.body()?).ok()?;
        match answer.pointer_mut("/choices/0/message").map(Value::take) {
            Some(Value::Object(message)) => Some(message),
            _ => None,
        }
    }

    fn identity(&self) -> Identity {
        let whole = self.whole.as_ref().and_then(|whole| str::from_utf8(&whole.body).ok());
        let mut answers = whole.into_iter().chain(self.chunks.texts());
        let id = answers.next().and_then(glance::id);
        let whole = self.whole.as_ref().and_then(|whole| str::from_utf8(&whole.body).ok());
        let finish_reason =
            whole.into_iter().chain(self.chunks.texts().rev().take(LAST)).find_map(glance::finish_reason);
        Identity { id, finish_reason }
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.body().ok_or(Broken::Garbled)?;
        let billed = match self.dialect {
            Dialect::OpenAi => body::with_bill(&body, self.reported(), bill, self.dialect),
            Dialect::OpenRouter => {
                openrouter::plain(&body).and_then(|body| body::with_bill(&body, self.reported(), bill, self.dialect))
            }
        };
        billed.map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        closing_events::<S>(self.first_chunk(), self.reported(), bill, self.dialect)
    }

    fn wants_bill(&self) -> bool {
        self.include_usage
    }

    fn fail(&self, error: &Error) -> Bytes {
        error_event::<S>(self.first_chunk(), error, self.dialect)
    }
}

/// A plain answer as a provider would have streamed it: for each choice a chunk with all of it and one with the reason
/// why it ended, then the usage.
fn as_events<S: Shape>(body: &[u8]) -> Option<Bytes> {
    let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let choices = answer.remove("choices")?;
    let usage = answer.remove("usage");
    answer.insert("object".to_owned(), json!(S::CHUNK));
    let mut events = String::new();
    let mut event = |choices: Value| {
        answer.insert("choices".to_owned(), choices);
        events.push_str(&format!("data: {}\n\n", json!(answer)));
    };
    for choice in choices.as_array()? {
        let mut choice = choice.as_object()?.clone();
        let index = choice.entry("index").or_insert(json!(0)).clone();
        let finish_reason = choice.insert("finish_reason".to_owned(), Value::Null).unwrap_or_default();
        S::whole_delta(&mut choice);
        event(json!([choice]));
        event(json!([S::last_delta(&index, &finish_reason)]));
    }
    answer.insert("choices".to_owned(), json!([]));
    answer.extend(usage.map(|usage| ("usage".to_owned(), usage)));
    events.push_str(&format!("data: {}\n\ndata: [DONE]\n\n", json!(answer)));
    Some(events.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::usage::Usage;
    use crate::formats::chat::Chat;
    use crate::money::Nanos;

    fn bill() -> Bill<'static> {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        Bill { cost: Nanos(1500), provider: "chutes", ..Bill::of(usage) }
    }

    #[test]
    fn a_plain_answer_keeps_everything_and_gains_its_cost() {
        let body = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0}}"#;
        let mut answer = OpenAiAnswer::<Chat>::new(false, 1);
        answer.whole(Bytes::from(body), None).expect("a completion");
        assert_eq!((answer.written().text.as_str(), answer.progress()), ("hi", Progress::Done));
        let expected = r#"{"id":"x","choices":[{"logprobs":-0.10,"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"x":1.0,"completion_tokens":4,"total_tokens":7,"cost":0.0000015},"gateway":{"provider":"chutes","upstream_model":"up","request_id":"r"}}"#;
        assert_eq!(answer.plain(&bill()).expect("json"), expected);
    }

    #[test]
    fn what_is_not_a_completion_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"choices":null}"#] {
            assert_eq!(
                OpenAiAnswer::<Chat>::new(false, 1).whole(Bytes::from(body), None),
                Err(Broken::Garbled),
                "{body}"
            );
        }
    }

    #[test]
    fn a_stream_is_a_plain_answer_for_whoever_asked_for_one() {
        let stream = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n\
             data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
        let mut answer = OpenAiAnswer::<Chat>::new(false, 1);
        answer.push(Bytes::from(stream), &mut Vec::new()).expect("well-formed");
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        assert_eq!(answer.report(), Some(Report::of(usage)));
        let plain: serde_json::Value =
            serde_json::from_slice(&answer.plain(&bill()).expect("an answer")).expect("json");
        assert_eq!(plain["choices"][0]["message"]["content"], "hi");
        assert_eq!(plain["usage"]["completion_tokens"], 4);
        assert_eq!(OpenAiAnswer::<Chat>::new(false, 1).plain(&bill()), Err(Broken::Garbled));
    }
}
