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
mod tests {
    use super::*;
    use crate::formats::chat::Chat;
    use crate::formats::events::EventStream;
    use proptest::prelude::*;

    const CHUNK: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":null}\n\n";
    const LAST: &str =
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    const USAGE_EVENT: &str = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn run(frames: &[&[u8]]) -> (Chunks<Chat>, String, Result<(), Broken>) {
        let (mut stream, mut chunks, mut out) = (EventStream::default(), Chunks::new(1), Vec::new());
        let mut result = Ok(());
        for frame in frames {
            result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut chunks, &mut out));
        }
        result = result.and_then(|()| stream.end(&mut chunks, &mut out));
        let text = String::from_utf8(out.concat()).expect("utf-8");
        (chunks, text, result)
    }

    #[test]
    fn the_providers_usage_and_done_are_kept_back() {
        let (stream, text, result) = run(&[CHUNK.as_bytes(), LAST.as_bytes(), USAGE_EVENT.as_bytes(), DONE.as_bytes()]);
        assert_eq!((text, result), (format!("{CHUNK}{LAST}"), Ok(())));
        assert_eq!(stream.progress(), Progress::Done);
        assert_eq!(stream.report().map(|report| (report.usage.prompt, report.up_to_date)), Some((1, true)));
        assert_eq!(stream.texts().count(), 2);
    }

    #[test]
    fn usage_in_a_chunk_with_content_is_taken_out() {
        let chunk =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":2}}\n\n";
        let (stream, text, _) = run(&[chunk.as_bytes(), chunk.as_bytes()]);
        let expected = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n".repeat(2);
        assert_eq!(text, expected);
        assert!(stream.report().is_some());
        assert_eq!(stream.progress(), Progress::Output);
    }

    #[test]
    fn a_report_is_up_to_date_until_output_follows_and_one_of_nothing_changes_nothing() {
        let early = CHUNK.replace("\"usage\":null", "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}");
        let nothing = USAGE_EVENT.replace(":1}", ":0}");
        for (rest, up_to_date, prompt) in [
            (vec![LAST], true, 9),
            (vec![LAST, &nothing], true, 9),
            (vec![CHUNK, LAST], false, 9),
            (vec![CHUNK, LAST, &nothing], false, 9),
            (vec![CHUNK, LAST, USAGE_EVENT], true, 1),
        ] {
            let events = format!("{early}{}{DONE}", rest.concat());
            let report = run(&[events.as_bytes()]).0.report().expect("a report");
            assert_eq!((report.up_to_date, report.usage.prompt), (up_to_date, prompt), "{events}");
        }
    }

    #[test]
    fn a_text_about_errors_and_usage_is_just_text() {
        let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\": \\\"usage\\\": 1\"}}]}\n\n";
        let (stream, text, result) = run(&[chunk.as_bytes()]);
        assert_eq!((text.as_str(), result), (chunk, Ok(())));
        assert!(stream.report().is_none());
    }

    #[test]
    fn an_error_or_garbage_breaks_the_stream_after_what_was_good() {
        let (_, text, result) =
            run(&[format!("{CHUNK}data: {{\"error\":{{\"code\":502,\"message\":\"x\"}}}}\n\n").as_bytes()]);
        assert!(matches!(result, Err(Broken::Error(Some(502), _))), "{result:?}");
        assert_eq!(text, CHUNK);
        let (_, text, result) = run(&[CHUNK.as_bytes(), b"data: oops\n\n"]);
        assert_eq!((text.as_str(), result), (CHUNK, Err(Broken::Garbled)));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..60, 0..40)) {
            let whole = format!("{CHUNK}: ping\r\n\r\n{CHUNK}{LAST}{USAGE_EVENT}{DONE}");
            let mut rest = whole.as_bytes();
            let mut frames = Vec::new();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                frames.push(head);
                rest = tail;
            }
            frames.push(rest);
            let (stream, text, result) = run(&frames);
            prop_assert_eq!(result, Ok(()));
            // A line end that is cut in two reaches the client as a line feed.
            let expected = format!("{CHUNK}: ping\n\n{CHUNK}{LAST}").replace('\r', "");
            prop_assert_eq!(text.replace('\r', ""), expected);
            prop_assert!(stream.report().is_some());
        }

        #[test]
        fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(usage|error|choices|finish_reason)" ?: ?(null|\{\}|\[\]|1|"x")[,}\n]){0,4}\n"#) {
            let _ = run(&[value.as_bytes()]);
        }
    }
}
