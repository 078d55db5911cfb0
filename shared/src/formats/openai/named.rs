//! An answer under the names of the catalog. A provider's answer calls the model as that provider does; the client gets the
//! id that it asked for, and beside it, as at OpenRouter, the `provider` that served it: in a plain answer and in every
//! event, since a client may read either from any of them.
//!
//! Events are not parsed for that. The two members stand among the plain ones at an event's head, where they are found by
//! a glance; a frame's events are written once, into one buffer. Only an event that has them elsewhere is parsed.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::{memchr, memmem::Finder};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::head::Head;
use super::limited::note_limit;
use crate::error::Error;
use crate::formats::{Answer, Bill, Broken, Identity, Progress, Report, Target, Written};
use crate::object::Object;

static MODEL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"model\""));
static PROVIDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"provider\""));

/// An answer that its client gets under the catalog's names.
pub struct Named {
    answer: Box<dyn Answer>,
    names: Names,
    /// Whether anybody reads its events.
    streams: bool,
}

/// What an answer is called.
struct Names {
    /// The model's id in the catalog, as JSON.
    model: Box<RawValue>,
    /// Who serves it, as JSON.
    provider: Box<RawValue>,
    /// Whether the output limit is what the credit buys.
    credit_limited: bool,
}

impl Named {
    /// Names an answer of `target`, whose client gets it as a stream or does not.
    ///
    /// # Errors
    /// None in practice: a name is JSON.
    pub fn over(
        answer: impl Answer + 'static,
        target: &Target<'_>,
        streams: bool,
    ) -> serde_json::Result<Box<dyn Answer>> {
        let names = Names {
            model: to_raw_value(target.id)?,
            provider: to_raw_value(target.provider.name)?,
            credit_limited: target.credit_limited,
        };
        Ok(Box::new(Self { answer: Box::new(answer), names, streams }))
    }

    /// Names the events of `out` from `from` on, if anybody reads them.
    fn pass_on(&self, out: &mut Vec<Bytes>, from: usize) {
        if self.streams {
            self.names.write_events(out, from);
        } else {
            out.truncate(from);
        }
    }
}

impl Answer for Named {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.answer.push(frame, out);
        self.pass_on(out, before);
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.answer.end(out);
        self.pass_on(out, before);
        read
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let Some(out) = out else { return self.answer.whole(body, None) };
        let before = out.len();
        let read = self.answer.whole(body, Some(out));
        self.pass_on(out, before);
        read
    }

    fn progress(&self) -> Progress {
        self.answer.progress()
    }

    fn report(&self) -> Option<Report> {
        self.answer.report()
    }

    fn written(&self) -> Written {
        self.answer.written()
    }

    fn said(&self) -> Option<Map<String, Value>> {
        self.answer.said()
    }

    fn identity(&self) -> Identity {
        self.answer.identity()
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.answer.plain(bill)?;
        let mut named = BytesMut::with_capacity(body.len() + 256);
        self.names.write(&body, &mut named);
        Ok(named.freeze())
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        Ok(self.names.events(&self.answer.close(bill)?))
    }

    fn wants_bill(&self) -> bool {
        self.answer.wants_bill()
    }

    fn fail(&self, error: &Error) -> Bytes {
        self.names.events(&self.answer.fail(error))
    }
}

impl Names {
    /// Names the events of `out` from `from` on, and puts them together: they came together, too.
    fn write_events(&self, out: &mut Vec<Bytes>, from: usize) {
        let Some(came) = out.get(from..).filter(|came| !came.is_empty()) else { return };
        let mut named = BytesMut::with_capacity(came.iter().map(|events| self.length(events)).sum());
        for events in came {
            self.write_lines(events, &mut named);
        }
        out.truncate(from);
        out.push(named.freeze());
    }

    fn events(&self, events: &[u8]) -> Bytes {
        let mut named = BytesMut::with_capacity(self.length(events));
        self.write_lines(events, &mut named);
        named.freeze()
    }

    /// About how long the events will be.
    fn length(&self, events: &[u8]) -> usize {
        // An event of a stream is hardly ever shorter than this.
        let most_events = events.len() / 128 + 1;
        events.len() + most_events * (self.model.get().len() + self.provider.get().len() + 32)
    }

    /// Events are lines; those with data have it in one.
    fn write_lines(&self, mut events: &[u8], named: &mut BytesMut) {
        while let Some(end) = memchr(b'\n', events) {
            let (line, rest) = events.split_at(end + 1);
            match line.strip_prefix(b"data:") {
                Some(data) if data.trim_ascii().starts_with(b"{") => {
                    named.put_slice(b"data: ");
                    self.write(data.trim_ascii(), named);
                    named.put_u8(b'\n');
                }
                _ => named.put_slice(line),
            }
            events = rest;
        }
        named.put_slice(events);
    }

    /// A JSON object with the names in it.
    fn write(&self, json: &[u8], named: &mut BytesMut) {
        let begun = named.len();
        if self.write_head(json, named).is_none() {
            named.truncate(begun);
            match self.parsed(json) {
                Ok(object) => named.put_slice(&object),
                Err(_) => named.put_slice(json),
            }
        }
        if self.credit_limited {
            note_limit(named, begun);
        }
    }

    /// Writes the object with the names at its head; `None` if they may stand elsewhere.
    fn write_head(&self, json: &[u8], named: &mut BytesMut) -> Option<()> {
        let head = Head::read(json)?;
        let rest = &json[head.end..];
        let elsewhere = |found: &Option<Range<usize>>, name: &Finder<'_>| found.is_none() && name.find(rest).is_some();
        if elsewhere(&head.model, &MODEL) || elsewhere(&head.provider, &PROVIDER) {
            return None;
        }
        let (model, provider) = (self.model.get().as_bytes(), self.provider.get().as_bytes());
        let written = |named: &mut BytesMut, until: &Range<usize>, from: usize, value: &[u8]| {
            named.put_slice(&json[from..until.start]);
            named.put_slice(value);
            until.end
        };
        let end = match (&head.model, &head.provider) {
            (Some(at), None) => {
                let end = written(named, at, 0, model);
                named.put_slice(b",\"provider\":");
                named.put_slice(provider);
                end
            }
            (Some(first), Some(second)) if first.start < second.start => {
                let end = written(named, first, 0, model);
                written(named, second, end, provider)
            }
            (Some(second), Some(first)) => {
                let end = written(named, first, 0, provider);
                written(named, second, end, model)
            }
            (None, _) => return None,
        };
        named.put_slice(&json[end..]);
        Some(())
    }

    fn parsed(&self, json: &[u8]) -> serde_json::Result<Vec<u8>> {
        let mut object: Object<'_> = serde_json::from_slice(json)?;
        object.set("model", &self.model)?;
        object.set("provider", &self.provider)?;
        serde_json::to_vec(&object)
    }
}

#[cfg(test)]
mod tests;
