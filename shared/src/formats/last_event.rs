//! A stream whose last event tells what it used, as OpenAI streams what is no chat: images, transcripts, speech. What comes
//! before it passes at once; the last event is withheld until the cost is known, which goes out with it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::events::{EventStream, Reader, Verdict, named_event};
use super::openai::body::GatewayNote;
use super::openai::glance;
use super::{Answer, Bill, Broken, Progress, Report, Written};
use crate::error::Error;
use crate::object::Object;
use crate::providers::internal;

/// The events of a format.
pub trait Events: Send + Sync + 'static {
    /// How many last events there are: one for each thing that was asked for.
    fn wanted(&self) -> u64 {
        1
    }

    /// Whether an event of this type is a last one.
    fn is_last(&self, kind: &str) -> bool;

    /// Looks at an event that passes; whether it brings some of what was asked for.
    fn passes(&mut self, kind: &str, event: &Object<'_>) -> bool;

    /// What was used, by the `usage` of the last events, of which so many have come.
    fn report(&self, usage: Option<&str>, last: u64) -> Option<Report>;

    /// `usage` as the client sees it, without the cost.
    ///
    /// # Errors
    /// None in practice: a figure is JSON.
    fn shown(&self, usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>>;

    /// What can be seen of what has passed.
    fn written(&self) -> Written;

    /// An answer that came whole as events; `None` where it is none.
    fn of_whole(&mut self, answer: Map<String, Value>) -> Option<Vec<Value>>;
}

/// A stream as it comes in.
pub struct LastEvent<E: Events> {
    stream: EventStream,
    read: Read<E>,
}

/// What has been read of it.
struct Read<E> {
    events: E,
    /// The data of the last events.
    last: Vec<Bytes>,
    begun: bool,
    ended: bool,
}

impl<E: Events> LastEvent<E> {
    /// A stream of these events.
    pub fn new(events: E) -> Self {
        Self { stream: EventStream::default(), read: Read { events, last: Vec::new(), begun: false, ended: false } }
    }

    /// `usage` of the last event that has one.
    fn usage(&self) -> Option<String> {
        let usage = |data: &Bytes| {
            let event: Object<'_> = serde_json::from_slice(data).ok()?;
            event.get("usage").filter(|usage| *usage != "null").map(ToOwned::to_owned)
        };
        self.read.last.iter().rev().find_map(usage)
    }
}

impl<E: Events> Reader for Read<E> {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if &data[..] == b"[DONE]" {
            self.ended = true;
            return Ok(Verdict::Drop);
        }
        let event: Object<'_> = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        if let Some(error) = glance::error(&event) {
            return Err(error);
        }
        let kind: String = event.read("type").ok().flatten().unwrap_or_default();
        if self.events.is_last(&kind) {
            self.last.push(data);
            return Ok(Verdict::Drop);
        }
        self.begun = self.events.passes(&kind, &event) || self.begun;
        Ok(Verdict::Keep)
    }
}

impl<E: Events> Answer for LastEvent<E> {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.stream.push(frame, &mut self.read, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let read = self.stream.end(&mut self.read, out);
        // Who gives less than was asked for closes the stream behind the last.
        self.read.ended = self.read.ended || !self.read.last.is_empty();
        read
    }

    /// Who does not stream answers with all at once.
    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let answer: Map<String, Value> = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        if let Ok(object) = serde_json::from_slice::<Object<'_>>(&body)
            && let Some(error) = glance::error(&object)
        {
            return Err(error);
        }
        let events = self.read.events.of_whole(answer).ok_or(Broken::Garbled)?;
        let mut out = out;
        for event in events {
            let kind = event["type"].as_str().unwrap_or_default().to_owned();
            let data = Bytes::from(event.to_string());
            if let Verdict::Keep = self.read.event(data)?
                && let Some(out) = out.as_mut()
            {
                out.push(named_event(&kind, &event).map_err(|_| Broken::Garbled)?);
            }
        }
        self.read.ended = true;
        if self.read.last.is_empty() { Err(Broken::Garbled) } else { Ok(()) }
    }

    fn progress(&self) -> Progress {
        let Read { events, last, begun, ended } = &self.read;
        if *ended || last.len() as u64 >= events.wanted() {
            Progress::Done
        } else if *begun || !last.is_empty() {
            Progress::Output
        } else {
            Progress::Waiting
        }
    }

    fn report(&self) -> Option<Report> {
        self.read.events.report(self.usage().as_deref(), self.read.last.len() as u64)
    }

    fn written(&self) -> Written {
        self.read.events.written()
    }

    /// Nothing that a conversation could go on from.
    fn said(&self) -> Option<Map<String, Value>> {
        None
    }

    fn plain(&self, _: &Bill<'_>) -> Result<Bytes, Broken> {
        Err(Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let mut out = Vec::new();
        for (place, data) in self.read.last.iter().enumerate() {
            let mut event: Object<'_> = serde_json::from_slice(data)?;
            event.remove("usage");
            // What is between the provider and us stays here.
            event.remove_all(&internal::OF_ANSWERS);
            if let Some(bill) = bill.filter(|_| place + 1 == self.read.last.len()) {
                let mut usage = self.read.events.shown(self.usage().as_deref(), bill)?;
                usage.remove_all(&internal::OF_USAGE);
                bill.write_cost(&mut usage)?;
                event.set("usage", &usage)?;
                event.set("gateway", &GatewayNote::of(bill))?;
            }
            let kind: String = event.read("type")?.unwrap_or_default();
            out.extend_from_slice(&named_event(&kind, &event)?);
        }
        Ok(out.into())
    }

    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        error_event(error)
    }
}

/// The event that tells of a failure: OpenAI's SDKs raise it.
#[must_use]
pub fn error_event(error: &Error) -> Bytes {
    format!("event: error\ndata: {}\n\n", json!({ "type": "error", "error": error.to_object() })).into()
}
