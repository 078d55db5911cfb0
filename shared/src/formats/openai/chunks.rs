//! What is read from the chunks of a stream.
//!
//! A chunk is parsed only until output has come, or if it carries usage or an error. The provider's usage never passes:
//! the client gets its own at the end, once, if it asked (`stream_options.include_usage`; langchain adds up whatever
//! usage it sees).

use std::marker::PhantomData;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::Shape;
use crate::formats::Progress;
use crate::formats::events::{Broken, Reader, Verdict};
use crate::object::Object;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// What a stream has shown so far.
pub struct Chunks<S> {
    /// The chunks, those apart that only carry usage: for the plain answer, or for counting tokens.
    kept: Vec<Bytes>,
    usage: Option<Box<RawValue>>,
    output: bool,
    finished: bool,
    done: bool,
    shape: PhantomData<S>,
}

impl<S> Default for Chunks<S> {
    fn default() -> Self {
        Self { kept: Vec::new(), usage: None, output: false, finished: false, done: false, shape: PhantomData }
    }
}

impl<S> Chunks<S> {
    /// How far the stream has come.
    pub const fn progress(&self) -> Progress {
        match self {
            Self { done: true, .. } => Progress::Done,
            Self { finished: true, .. } => Progress::Complete,
            Self { output: true, .. } => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    /// The last usage that the provider reported, as it reported it.
    pub fn usage(&self) -> Option<&RawValue> {
        self.usage.as_deref()
    }

    /// The JSON of the chunks so far, but for those that only carry usage.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().filter_map(|chunk| str::from_utf8(chunk).ok())
    }

    fn take_usage(&mut self, json: &[u8]) -> Result<Verdict, Broken> {
        let mut chunk: Object<'_> = serde_json::from_slice(json).map_err(|_| Broken::Garbled)?;
        let usage = chunk.read::<&RawValue>("usage").map_err(|_| Broken::Garbled)?.map(ToOwned::to_owned);
        let Some(usage) = usage.filter(|usage| usage.get().starts_with('{')) else { return Ok(Verdict::Keep) };
        self.usage = Some(usage);
        if chunk.get("choices").is_none_or(|choices| choices.trim_matches(['[', ']', ' ']).is_empty()) {
            return Ok(Verdict::Drop);
        }
        let mut event = b"data: ".to_vec();
        chunk.remove("usage");
        serde_json::to_writer(&mut event, &chunk).map_err(|_| Broken::Garbled)?;
        event.extend_from_slice(b"\n\n");
        Ok(Verdict::Replace(event.into()))
    }
}

impl<S: Shape> Reader for Chunks<S> {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if self.done {
            return Ok(Verdict::Drop);
        }
        if &data[..] == b"[DONE]" {
            // Ours goes out after the usage.
            self.done = true;
            return Ok(Verdict::Drop);
        }
        if !(data.starts_with(b"{") && data.ends_with(b"}")) {
            return Err(Broken::Garbled);
        }
        if has_value(&ERROR, &data) {
            refuse_error(&data)?;
        }
        self.finished = self.finished || has_value(&FINISH, &data);
        self.output = self.output || has_output::<S>(&data);
        let verdict = if has_value(&USAGE, &data) { self.take_usage(&data)? } else { Verdict::Keep };
        if !matches!(verdict, Verdict::Drop) {
            self.kept.push(data);
        }
        Ok(verdict)
    }
}

fn refuse_error(json: &Bytes) -> Result<(), Broken> {
    let chunk: Object<'_> = serde_json::from_slice(json).map_err(|_| Broken::Garbled)?;
    let Some(error) = chunk.get("error").filter(|error| *error != "null") else { return Ok(()) };
    let code = serde_json::from_str::<Object<'_>>(error).ok().and_then(|error| error.read("code").ok().flatten());
    Err(Broken::Error(code, json.clone()))
}

/// Whether a chunk has what a client waits for.
fn has_output<S: Shape>(json: &[u8]) -> bool {
    let chunk = serde_json::from_slice::<Object<'_>>(json).unwrap_or_default();
    let choices: Option<Vec<Object<'_>>> = chunk.read("choices").ok().flatten();
    choices.is_some_and(|choices| choices.iter().any(S::has_output))
}

/// Whether the member stands in the chunk with a value that is not null. A text that quotes the name has its quotes
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
    use crate::formats::chat::Chat;
    use crate::formats::events::EventStream;
    use proptest::prelude::*;

    const CHUNK: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":null}\n\n";
    const LAST: &str =
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    const USAGE_EVENT: &str = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn run(frames: &[&[u8]]) -> (Chunks<Chat>, String, Result<(), Broken>) {
        let (mut stream, mut chunks, mut out) = (EventStream::default(), Chunks::default(), Vec::new());
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
        assert_eq!(stream.usage().map(RawValue::get), Some("{\"prompt_tokens\":1}"));
        assert_eq!(stream.texts().count(), 2);
    }

    #[test]
    fn usage_in_a_chunk_with_content_is_taken_out() {
        let chunk =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":2}}\n\n";
        let (stream, text, _) = run(&[chunk.as_bytes(), chunk.as_bytes()]);
        let expected = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n".repeat(2);
        assert_eq!(text, expected);
        assert!(stream.usage().is_some());
        assert_eq!(stream.progress(), Progress::Output);
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
            prop_assert!(stream.usage().is_some());
        }

        #[test]
        fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(usage|error|choices|finish_reason)" ?: ?(null|\{\}|\[\]|1|"x")[,}\n]){0,4}\n"#) {
            let _ = run(&[value.as_bytes()]);
        }
    }
}
