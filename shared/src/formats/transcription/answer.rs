//! A plain transcript: what it used, and the form in which the client gets it.

use serde::de::Error as _;

use super::captions::{self, Segment};
use super::usage::{self, Heard};
use crate::formats::whole::Shape;
use crate::formats::{Bill, Report, Written};
use crate::object::Object;

/// The form that the client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// The provider's JSON: `json`, `verbose_json`, `diarized_json`.
    Json,
    /// The text alone.
    Text,
    /// Captions as SubRip.
    Srt,
    /// Captions as WebVTT.
    Vtt,
}

/// The inside of a transcript.
pub struct Transcript {
    pub heard: Heard,
    pub wording: Wording,
}

impl Shape for Transcript {
    const MEMBER: &'static str = "text";

    fn is_one(member: &str) -> bool {
        member.starts_with('"')
    }

    fn report(&self, answer: &Object<'_>) -> Option<Report> {
        let duration: Option<f64> = answer.read("duration").ok().flatten();
        // Some say it as a text.
        let duration = duration.or_else(|| answer.read::<String>("duration").ok().flatten()?.parse().ok());
        Some(self.heard.complete(usage::read(answer.get("usage"), duration)))
    }

    fn written(&self, answer: &Object<'_>) -> Written {
        Written { text: answer.read("text").ok().flatten().unwrap_or_default(), is_all: true }
    }

    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        self.heard.shown(answer.get("usage"), bill)
    }

    fn text(&self, answer: &Object<'_>) -> serde_json::Result<Option<String>> {
        let segments = || {
            let segments: Option<Vec<Segment>> = answer.read("segments")?;
            segments.ok_or_else(|| serde_json::Error::custom("no segments"))
        };
        match self.wording {
            Wording::Json => Ok(None),
            // As OpenAI ends it.
            Wording::Text => Ok(Some(answer.read::<String>("text")?.unwrap_or_default() + "\n")),
            Wording::Srt => Ok(Some(captions::srt(&segments()?))),
            Wording::Vtt => Ok(Some(captions::vtt(&segments()?))),
        }
    }
}
