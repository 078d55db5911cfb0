//! A transcript that comes as events: its text piece by piece, and last all of it with what it used.

use serde_json::{Map, Value, json};

use super::usage::{self, Heard};
use crate::formats::last_event::Events;
use crate::formats::{Bill, Report, Written};
use crate::object::Object;

/// The events of a transcript.
pub struct TranscriptEvents {
    pub heard: Heard,
    /// What has come of the text.
    pub text: String,
}

impl Events for TranscriptEvents {
    fn is_last(&self, kind: &str) -> bool {
        kind == "transcript.text.done"
    }

    fn passes(&mut self, kind: &str, event: &Object<'_>) -> bool {
        let member = match kind {
            "transcript.text.delta" => "delta",
            "transcript.text.segment" => "text",
            _ => return false,
        };
        let text: String = event.read(member).ok().flatten().unwrap_or_default();
        self.text.push_str(&text);
        true
    }

    /// What was heard is owed from the first of its text on: the provider has it all by then.
    fn report(&self, reported: Option<&str>, last: u64) -> Option<Report> {
        let reported = usage::read(reported, None).filter(|_| last > 0);
        (last > 0 || !self.text.is_empty()).then(|| self.heard.complete(reported))
    }

    fn shown(&self, usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        self.heard.shown(usage, bill)
    }

    fn written(&self) -> Written {
        // Of what was heard beyond that only the provider tells.
        Written { text: self.text.clone(), is_all: self.text.is_empty() }
    }

    fn of_whole(&mut self, answer: Map<String, Value>) -> Option<Vec<Value>> {
        let text = answer.get("text")?.as_str()?.to_owned();
        let done = json!({ "type": "transcript.text.done", "text": text, "usage": answer.get("usage") });
        Some(vec![json!({ "type": "transcript.text.delta", "delta": text }), done])
    }
}
