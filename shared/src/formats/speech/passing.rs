//! Sound that passes while it is made, however it comes: it is never put together, and has no word of its own.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::formats::openai::glance;
use crate::formats::{Answer, Bill, Broken, Progress, Report, Written};
use crate::object::Object;

/// How a sound comes in, and what is known of it.
pub trait Voice: Send + Sync {
    /// Whether it comes as bytes of which nothing is to be understood.
    const IS_BINARY: bool;

    /// See [`Answer::push`].
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken>;
    /// See [`Answer::end`].
    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken>;
    /// See [`Answer::progress`].
    fn progress(&self) -> Progress;
    /// See [`Answer::report`].
    fn report(&self) -> Option<Report>;
    /// See [`Answer::written`].
    fn written(&self) -> Written;
}

/// Such a sound as an answer.
pub struct Passing<V>(pub V);

impl<V: Voice> Answer for Passing<V> {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.0.push(frame, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.0.end(out)
    }

    /// What is no sound is an error, or a page.
    fn whole(&mut self, body: Bytes, _: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let answer: Option<Object<'_>> = serde_json::from_slice(&body).ok();
        Err(answer.and_then(|answer| glance::error(&answer)).unwrap_or(Broken::Garbled))
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }

    fn report(&self) -> Option<Report> {
        self.0.report()
    }

    fn written(&self) -> Written {
        self.0.written()
    }

    /// It is never asked for as a whole.
    fn plain(&self, _: &Bill<'_>) -> Result<Bytes, Broken> {
        Err(Broken::Garbled)
    }

    fn close(&self, _: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        Ok(Bytes::new())
    }

    /// Nothing that a conversation could go on from.
    fn said(&self) -> Option<Map<String, Value>> {
        None
    }

    fn wants_bill(&self) -> bool {
        false
    }

    /// Sound has no word for it.
    fn fail(&self, _: &Error) -> Bytes {
        Bytes::new()
    }

    fn is_binary(&self) -> bool {
        V::IS_BINARY
    }
}
