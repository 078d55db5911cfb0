//! A provider's event stream on its way to the client.
//!
//! Whole lines are passed on as the bytes they came in; only an unfinished line is kept back until its end is in. A
//! line is parsed only if it carries usage or an error. The provider's usage never passes: the client gets its own at
//! the end, once, if it asked (`stream_options.include_usage`; langchain adds up whatever usage it sees).

use std::mem;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use memchr::{memchr_iter, memrchr};
use serde_json::value::RawValue;

use crate::object::Object;

/// The longest line that is waited for, in bytes: far more than a delta, little enough for memory.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// Why a stream cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// An event that is not what it should be.
    Garbled,
    /// The provider reports an error in the middle. Holds its HTTP-like code, if it has one.
    Error(Option<u16>),
}

/// What a stream has shown so far, and its unfinished line.
#[derive(Debug, Default)]
pub struct Stream {
    unfinished: BytesMut,
    dropped_event: bool,
    mid_event: bool,
    /// The events' lines, for counting tokens if no usage comes.
    lines: Vec<Bytes>,
    usage: Option<Box<RawValue>>,
    finished: bool,
    done: bool,
}

/// What becomes of a line.
enum Line {
    Keep,
    Drop,
    Replace(Bytes),
}

impl Stream {
    /// Takes the next bytes from the provider and appends to `out` what the client gets of them.
    ///
    /// # Errors
    /// [`Broken`]; what stood before the broken line is in `out`.
    pub fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut frame = frame;
        if !self.unfinished.is_empty() {
            let end = memchr::memchr(b'\n', &frame).map_or(frame.len(), |at| at + 1);
            let rest = frame.split_off(end);
            self.unfinished.extend_from_slice(&frame);
            if self.unfinished.len() > LONGEST_LINE {
                return Err(Broken::Garbled);
            }
            if self.unfinished.last() != Some(&b'\n') {
                return Ok(());
            }
            let line = mem::take(&mut self.unfinished).freeze();
            self.lines(line, out)?;
            frame = rest;
        }
        let whole = memrchr(b'\n', &frame).map_or(0, |at| at + 1);
        self.unfinished.extend_from_slice(&frame.split_off(whole));
        self.lines(frame, out)
    }

    /// Takes a last line that no line end follows.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let line = mem::take(&mut self.unfinished).freeze();
        self.lines(line, out)
    }

    /// Whether the provider said that it is done, or gave the reason why it finished.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.done || self.finished
    }

    /// Whether `[DONE]` came: nothing follows it.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the client has been sent an event without the blank line that ends it.
    #[must_use]
    pub const fn is_mid_event(&self) -> bool {
        self.mid_event
    }

    /// The last usage that the provider reported, as it reported it.
    #[must_use]
    pub fn usage(&self) -> Option<&RawValue> {
        self.usage.as_deref()
    }

    /// The JSON of the events so far, usage apart.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| data(line)).filter_map(|data| str::from_utf8(data).ok())
    }

    /// Looks at each line of `frame`, which ends with a line end, and passes on runs of lines that are kept.
    fn lines(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let (mut kept_from, mut line_from) = (0, 0);
        let last = (!frame.is_empty() && !frame.ends_with(b"\n")).then_some(frame.len());
        for end in memchr_iter(b'\n', &frame).map(|at| at + 1).chain(last) {
            let verdict = self.line(&frame, line_from, end);
            if !matches!(verdict, Ok(Line::Keep)) {
                if kept_from < line_from {
                    out.push(frame.slice(kept_from..line_from));
                }
                kept_from = end;
            }
            if let Line::Replace(line) = verdict? {
                out.push(line);
            }
            line_from = end;
        }
        if kept_from < frame.len() {
            out.push(frame.slice(kept_from..));
        }
        Ok(())
    }

    fn line(&mut self, frame: &Bytes, from: usize, end: usize) -> Result<Line, Broken> {
        let line = &frame[from..end];
        let text = line.trim_ascii_end();
        if text.is_empty() {
            // The blank line that ends an event goes the way of its event.
            self.mid_event = false;
            return Ok(if mem::take(&mut self.dropped_event) { Line::Drop } else { Line::Keep });
        }
        if self.done {
            return Ok(Line::Drop);
        }
        let Some(json) = data(text) else {
            let known = [&b":"[..], b"event:", b"id:", b"retry:"].iter().any(|field| text.starts_with(field));
            return if known { Ok(Line::Keep) } else { Err(Broken::Garbled) };
        };
        if json == b"[DONE]" {
            // Ours goes out after the usage.
            self.done = true;
            self.dropped_event = true;
            return Ok(Line::Drop);
        }
        if !(json.starts_with(b"{") && json.ends_with(b"}")) {
            return Err(Broken::Garbled);
        }
        if has_value(&FINISH, json) {
            self.finished = true;
        }
        if has_value(&ERROR, json) {
            self.refuse_error(json)?;
        }
        let verdict = if has_value(&USAGE, json) { self.take_usage(json)? } else { Line::Keep };
        if matches!(verdict, Line::Drop) {
            self.dropped_event = true;
        } else {
            self.lines.push(frame.slice(from..from + text.len()));
            self.mid_event = true;
        }
        Ok(verdict)
    }

    fn refuse_error(&self, json: &[u8]) -> Result<(), Broken> {
        let event: Object<'_> = serde_json::from_slice(json).map_err(|_| Broken::Garbled)?;
        let Some(error) = event.get("error").filter(|error| *error != "null") else { return Ok(()) };
        let code = serde_json::from_str::<Object<'_>>(error).ok().and_then(|error| error.read("code").ok().flatten());
        Err(Broken::Error(code))
    }

    fn take_usage(&mut self, json: &[u8]) -> Result<Line, Broken> {
        let mut event: Object<'_> = serde_json::from_slice(json).map_err(|_| Broken::Garbled)?;
        let usage = event.read::<&RawValue>("usage").map_err(|_| Broken::Garbled)?.map(ToOwned::to_owned);
        let Some(usage) = usage.filter(|usage| usage.get().starts_with('{')) else { return Ok(Line::Keep) };
        self.usage = Some(usage);
        if event.get("choices").is_none_or(|choices| choices.trim_matches(['[', ']', ' ']).is_empty()) {
            return Ok(Line::Drop);
        }
        let mut line = b"data: ".to_vec();
        event.remove("usage");
        serde_json::to_writer(&mut line, &event).map_err(|_| Broken::Garbled)?;
        line.push(b'\n');
        Ok(Line::Replace(line.into()))
    }
}

/// The value of a `data:` line.
fn data(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"data:").map(<[u8]>::trim_ascii)
}

/// Whether the member stands in the event with a value that is not null. A text that quotes the name has its quotes
/// escaped, so it is not taken for the member.
fn has_value(member: &Finder<'_>, json: &[u8]) -> bool {
    member.find_iter(json).any(|at| {
        let rest = json[at + member.needle().len()..].trim_ascii_start();
        rest.strip_prefix(b":").is_some_and(|value| !value.trim_ascii_start().starts_with(b"null"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNK: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":null}\n\n";
    const LAST: &str =
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    const USAGE_EVENT: &str = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn run(frames: &[&[u8]]) -> (Stream, String, Result<(), Broken>) {
        let (mut stream, mut out) = (Stream::default(), Vec::new());
        let mut result = Ok(());
        for frame in frames {
            result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut out));
        }
        result = result.and_then(|()| stream.end(&mut out));
        let text = String::from_utf8(out.concat()).expect("utf-8");
        (stream, text, result)
    }

    #[test]
    fn a_frame_of_kept_lines_is_passed_on_as_it_came() {
        let mut out = Vec::new();
        let frame = Bytes::from(format!("{CHUNK}: keep-alive\n\n{CHUNK}"));
        Stream::default().push(frame.clone(), &mut out).expect("well-formed");
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].as_ptr(), frame.as_ptr());
    }

    #[test]
    fn the_providers_usage_and_done_are_kept_back() {
        let (stream, text, result) = run(&[CHUNK.as_bytes(), LAST.as_bytes(), USAGE_EVENT.as_bytes(), DONE.as_bytes()]);
        assert_eq!((text, result), (format!("{CHUNK}{LAST}"), Ok(())));
        assert!(stream.is_complete() && stream.is_done());
        assert_eq!(stream.usage().map(RawValue::get), Some("{\"prompt_tokens\":1}"));
        assert_eq!(stream.events().count(), 2);
    }

    #[test]
    fn usage_in_a_chunk_with_content_is_taken_out() {
        let chunk =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":2}}\n\n";
        let (stream, text, _) = run(&[chunk.as_bytes(), chunk.as_bytes()]);
        let expected = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n".repeat(2);
        assert_eq!(text, expected);
        assert!(stream.usage().is_some() && !stream.is_complete());
    }

    #[test]
    fn a_text_about_errors_and_usage_is_just_text() {
        let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\": \\\"usage\\\": 1\"}}]}\n\n";
        let (stream, text, result) = run(&[chunk.as_bytes()]);
        assert_eq!((text.as_str(), result), (chunk, Ok(())));
        assert!(stream.usage().is_none());
    }

    #[test]
    fn an_error_or_garbage_breaks_the_stream_after_what_was_good() {
        let (_, text, result) =
            run(&[format!("{CHUNK}data: {{\"error\":{{\"code\":502,\"message\":\"x\"}}}}\n\n").as_bytes()]);
        assert_eq!((text.as_str(), result), (CHUNK, Err(Broken::Error(Some(502)))));
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
            prop_assert_eq!(text, format!("{CHUNK}: ping\r\n\r\n{CHUNK}{LAST}"));
            prop_assert!(stream.usage().is_some());
        }

        #[test]
        fn no_bytes_make_it_panic(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..8)) {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let (mut stream, mut out) = (Stream::default(), Vec::new());
            for frame in frames {
                if stream.push(Bytes::copy_from_slice(frame), &mut out).is_err() {
                    break;
                }
            }
            let _ = stream.end(&mut out);
        }

        #[test]
        fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(usage|error|choices|finish_reason)" ?: ?(null|\{\}|\[\]|1|"x")[,}\n]){0,4}\n"#) {
            let _ = run(&[value.as_bytes()]);
        }
    }
}
