//! What a behaviour works with: the request, and what is made of it.

use bytes::Bytes;
use http::StatusCode;

use super::{Chosen, EVENT_STREAM, JSON, Reply, Respond};
use crate::provider::{
    answer::{Answer, Given, Plan},
    error::ApiError,
    request::Request,
    script::Step,
    wire::{Envelope, Event, Reporting, sound, transcript},
};

/// What a behaviour works with.
pub(super) struct Scene<'a> {
    pub(super) request: &'a Request,
    pub(super) envelope: Envelope,
    pub(super) chosen: &'a Chosen,
}

impl Scene<'_> {
    pub(super) fn value(&self, name: &str) -> u64 {
        self.chosen.value(name)
    }

    /// `code`, which was checked when it was read.
    pub(super) fn code(&self) -> StatusCode {
        let code = u16::try_from(self.value("code")).ok();
        code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn compose(&self, plan: Plan) -> Result<Answer, ApiError> {
        Answer::compose(self.request, plan)
    }

    pub(super) fn events(&self, answer: &Answer, reporting: Reporting) -> Vec<Event> {
        self.envelope.events(answer, self.request.include_usage, reporting)
    }

    pub(super) fn plain(&self, answer: &Answer, reporting: Reporting) -> Bytes {
        match &answer.given {
            Given::Sound { text, .. } => sound(text).into(),
            _ => transcript(answer).unwrap_or_else(|| self.envelope.plain(answer, reporting).to_string().into()),
        }
    }

    /// What a plain answer is.
    pub(super) fn content_type(answer: &Answer) -> &'static str {
        match answer.given {
            Given::Sound { content_type, .. } => content_type,
            Given::Transcript { .. } if transcript(answer).is_some() => "text/plain; charset=utf-8",
            _ => JSON,
        }
    }

    /// The answer as it was asked for, plain or streamed, with nothing wrong in it.
    pub(super) fn reply(&self, answer: &Answer, reporting: Reporting) -> Reply {
        Reply::Respond(if self.request.stream {
            let events = self.events(answer, reporting);
            Respond::streamed(EVENT_STREAM, steps(&events))
        } else {
            Respond::whole(StatusCode::OK, Self::content_type(answer), self.plain(answer, reporting))
        })
    }
}

/// Every event written by itself, as providers do.
pub(super) fn steps(events: &[Event]) -> Vec<Step> {
    events.iter().flat_map(|event| [Step::Chunk(frame(event)), Step::Flush]).collect()
}

pub(super) fn frame(event: &Event) -> Bytes {
    event.lines("\n").into()
}
