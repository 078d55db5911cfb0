//! What is read from the chunks of a stream.
//!
//! A chunk is parsed only until output has come, or if it carries usage, an error or what has to be mended. The provider's
//! usage never passes: the client gets its own at the end, once, if it asked (`stream_options.include_usage`; langchain
//! adds up whatever usage it sees).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde_json::Value;

use super::Shape;
use super::glance::{choices, has_output, has_value, refuse_error};
use super::quiet::Quiet;
use super::usage::{Reported, Taken};
use crate::formats::events::{Broken, Reader, Verdict};
use crate::formats::{Progress, Report};
use crate::object::Object;
use crate::providers::internal;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// What a stream has shown so far.
pub struct Chunks<S: Shape> {
    /// The chunks, those apart that only carry usage: for the plain answer, or for counting tokens.
    kept: Vec<Bytes>,
    reported: Reported,
    /// Output has come after the last report.
    behind: bool,
    output: bool,
    /// How many choices were asked for.
    choices: u64,
    /// Which choices have given the reason why they finished.
    finished: BTreeSet<u64>,
    done: bool,
    mender: S::Mender,
    quiet: Quiet,
}

impl<S: Shape> Chunks<S> {
    /// Of an answer of so many choices.
    pub fn new(choices: u64) -> Self {
        Self {
            kept: Vec::new(),
            reported: Reported::default(),
            behind: false,
            output: false,
            choices,
            finished: BTreeSet::new(),
            done: false,
            mender: S::Mender::default(),
            quiet: Quiet::default(),
        }
    }

    /// How far the stream has come. It is complete when every choice is.
    pub fn progress(&self) -> Progress {
        match self {
            Self { done: true, .. } => Progress::Done,
            Self { finished, choices, .. } if finished.len() as u64 >= *choices => Progress::Complete,
            Self { output: true, .. } => Progress::Output,
            Self { finished, .. } if !finished.is_empty() => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    /// All that the provider has reported of usage.
    pub const fn reported(&self) -> &Reported {
        &self.reported
    }

    /// The tokens that it says.
    pub fn report(&self) -> Option<Report> {
        self.reported.usage().map(|usage| Report { up_to_date: !self.behind, ..Report::of(usage) })
    }

    /// The JSON of the chunks so far, but for those that only carry usage.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.kept.iter().filter_map(|chunk| str::from_utf8(chunk).ok())
    }

    fn take_usage(&mut self, chunk: &Object<'_>) -> Taken {
        let taken = take_usage(&mut self.reported, chunk);
        self.behind = self.behind && taken < Taken::Figures;
        taken
    }

    fn note_finish(&mut self, json: &[u8]) {
        if self.choices <= 1 {
            // Whatever its number is.
            self.finished.insert(0);
            return;
        }
        for choice in choices(json) {
            if choice.get("finish_reason").is_some_and(|reason| reason != "null") {
                self.finished.insert(choice.read("index").ok().flatten().unwrap_or_default());
            }
        }
    }

    /// A chunk without the provider's usage and what else is between it and us, and mended.
    fn rewrite(&mut self, data: Bytes, has_usage: bool, mend: bool) -> Result<Verdict, Broken> {
        let json = data.clone();
        let mut chunk: Object<'_> = serde_json::from_slice(&json).map_err(|_| Broken::Garbled)?;
        let mut changed = false;
        if has_usage && self.take_usage(&chunk) > Taken::Nothing {
            if chunk.get("choices").is_none_or(|choices| choices.trim_matches(['[', ']', ' ']).is_empty()) {
                return Ok(Verdict::Drop);
            }
            changed = chunk.get("usage").is_some();
            chunk.remove("usage");
        }
        changed |= chunk.remove_all(&internal::OF_ANSWERS);
        if mend && let Some(mended) = mended::<S>(&mut self.mender, &chunk) {
            chunk.set("choices", &mended).map_err(|_| Broken::Garbled)?;
            changed = true;
        }
        if !changed {
            self.kept.push(data);
            return Ok(Verdict::Keep);
        }
        let mut event = b"data: ".to_vec();
        serde_json::to_writer(&mut event, &chunk).map_err(|_| Broken::Garbled)?;
        event.extend_from_slice(b"\n\n");
        let event = Bytes::from(event);
        self.kept.push(event.slice(b"data: ".len()..event.len() - b"\n\n".len()));
        Ok(Verdict::Replace(event))
    }
}

impl<S: Shape> Reader for Chunks<S> {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if self.done {
            // Some report behind the end.
            if has_value(&USAGE, &data)
                && let Ok(chunk) = serde_json::from_slice(&data)
            {
                take_usage(&mut self.reported, &chunk);
                self.behind = false;
            }
            return Ok(Verdict::Drop);
        }
        if &data[..] == b"[DONE]" {
            // Ours goes out after the usage.
            self.done = true;
            return Ok(Verdict::Drop);
        }
        // Another text is output, which a report would have to be behind.
        if self.output && !self.reported.is_any() && self.quiet.is_like(&data) {
            self.kept.push(data);
            return Ok(Verdict::Keep);
        }
        if !(data.starts_with(b"{") && data.ends_with(b"}")) {
            return Err(Broken::Garbled);
        }
        if has_value(&ERROR, &data) {
            refuse_error(&data)?;
        }
        let finishes = has_value(&FINISH, &data);
        if finishes {
            self.note_finish(&data);
        }
        self.output = self.output || has_output::<S>(&data);
        // A report is of all that came before it, this chunk included.
        self.behind = self.behind || (self.reported.is_any() && has_output::<S>(&data));
        let (has_usage, mend) = (has_value(&USAGE, &data), S::may_need_mending(&self.mender, &data));
        if has_usage || mend || internal::may_be_in(&data) {
            return self.rewrite(data, has_usage, mend);
        }
        if !finishes {
            self.quiet.note(&data);
        }
        self.kept.push(data);
        Ok(Verdict::Keep)
    }
}

/// Takes the usage out of a chunk, wherever it stands: beside the choices, in one of them (Moonshot), or in `x_groq`.
/// Answers what there was.
pub fn take_usage(reported: &mut Reported, chunk: &Object<'_>) -> Taken {
    let mut found = Taken::Nothing;
    let mut take = |usage: Option<&str>| found = found.max(usage.map(|usage| reported.take(usage)).unwrap_or_default());
    if let Ok(Some(groq)) = chunk.read::<Object<'_>>("x_groq") {
        take(groq.get("usage"));
    }
    let choices: Option<Vec<Object<'_>>> = chunk.read("choices").ok().flatten();
    choices.unwrap_or_default().iter().for_each(|choice| take(choice.get("usage")));
    take(chunk.get("usage"));
    found
}

/// The choices of a chunk or of a plain answer with what is wrong in them mended; none where nothing is.
pub fn mended<S: Shape>(mender: &mut S::Mender, answer: &Object<'_>) -> Option<Vec<Value>> {
    let mut choices: Vec<Value> = answer.read("choices").ok().flatten()?;
    let mut mended = false;
    choices.iter_mut().for_each(|choice| mended |= S::mend(mender, choice));
    mended.then_some(choices)
}

#[cfg(test)]
mod tests;
