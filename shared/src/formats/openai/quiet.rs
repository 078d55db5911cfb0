//! Chunks that say no more than another text: what was looked for in the chunk before need not be looked for again.
//!
//! It goes by bytes alone, and may: each chunk of every stream is shown here as it comes. Which member the text is, only a plain answer
//! wants to know, at its end (`alike`).

use bytes::Bytes;
use memchr::{memchr, memchr2, memrchr};

/// The last chunk in which nothing was found that matters, and how much of it is around its text.
#[derive(Default)]
pub struct Quiet {
    chunk: Bytes,
    around: Option<Around>,
}

/// How many bytes come before a text, its first quote included, and how many after it, from its last.
#[derive(Clone, Copy)]
struct Around {
    before: usize,
    after: usize,
}

impl Quiet {
    /// Notes a chunk in which nothing was found. By the one before it is told where the text stands that changes.
    pub fn note(&mut self, chunk: &Bytes) {
        self.around = Around::of(&self.chunk, chunk);
        self.chunk = chunk.clone();
    }

    /// Whether a chunk differs from the noted one in its text alone, so that it has the same members, and none of another value.
    pub fn is_like(&self, chunk: &[u8]) -> bool {
        let Some(Around { before, after }) = self.around else { return false };
        let text = chunk
            .strip_prefix(&self.chunk[..before])
            .and_then(|rest| rest.strip_suffix(&self.chunk[self.chunk.len() - after..]));
        // Without a quote or a backslash it ends where it should.
        text.is_some_and(|text| memchr2(b'"', b'\\', text).is_none())
    }
}

impl Around {
    /// What is around the text in which two chunks differ; `None` if they may differ otherwise.
    fn of(one: &[u8], other: &[u8]) -> Option<Self> {
        let same = |(one, other): &(&u8, &u8)| one == other;
        let begin = one.iter().zip(other).take_while(same).count();
        let end = one[begin..].iter().rev().zip(other[begin..].iter().rev()).take_while(same).count();
        let first = memrchr(b'"', &other[..begin])?;
        let last = other.len() - end + memchr(b'"', &other[other.len() - end..])?;
        // It must be a member's text: behind a name stands no colon, so what has no quotes of its own, such as null, is told from it.
        let is_text = other[..first].trim_ascii_end().ends_with(b":");
        is_text.then_some(Self { before: first + 1, after: other.len() - last })
    }
}

#[cfg(test)]
mod tests {
    use memchr::memmem::Finder;
    use proptest::prelude::*;

    use super::*;
    use crate::formats::Progress;
    use crate::formats::chat::Chat;
    use crate::formats::events::{Broken, EventStream};
    use crate::formats::openai::chunks::Chunks;
    use crate::formats::openai::glance::has_value;

    fn noted(chunks: &[&str]) -> Quiet {
        let mut quiet = Quiet::default();
        chunks.iter().for_each(|chunk| quiet.note(&Bytes::copy_from_slice(chunk.as_bytes())));
        quiet
    }

    fn chunk(text: &str, rest: &str) -> String {
        format!(r#"{{"choices":[{{"delta":{{"content":{text}}},"finish_reason":{rest}}}]}}"#)
    }

    #[test]
    fn only_another_text_is_alike() {
        let quiet = noted(&[&chunk("\"a\"", "null"), &chunk("\"b\"", "null")]);
        for (text, rest, expected) in [
            ("\"c\"", "null", true),
            ("\"\"", "null", true),
            ("\"error\"", "null", true),
            (r#""a\n""#, "null", false),
            (r#""a","error":"b""#, "null", false),
            ("\"a\"", "\"stop\"", false),
            ("1", "null", false),
        ] {
            assert_eq!(quiet.is_like(chunk(text, rest).as_bytes()), expected, "{text} {rest}");
        }
        assert!(!quiet.is_like(b"") && !noted(&[]).is_like(b"") && !noted(&["{}"]).is_like(b"{}"));
        // Not where something else than a text has changed before.
        for pair in [
            [r#"{"a":"x","error":null}"#, r#"{"a":"x","error":1}"#],
            [r#"{"error":null,"a":"x"}"#, r#"{"error":1,"a":"x"}"#],
            [r#"{"b":1,"c":"x"}"#, r#"{"d":1,"c":"x"}"#],
        ] {
            assert!(!noted(&pair).is_like(pair[1].as_bytes()), "{pair:?}");
        }
    }

    #[test]
    fn behind_any_number_of_alike_chunks_the_stream_still_tells_its_usage_its_end_and_its_error() {
        let event = |chunk: &str| Bytes::from(format!("data: {chunk}\n\n"));
        let (mut stream, mut chunks, mut out) = (EventStream::default(), Chunks::<Chat>::new(1), Vec::new());
        let mut push = |chunks: &mut Chunks<Chat>, chunk: &str| stream.push(event(chunk), chunks, &mut out);
        for text in ["\"a\"", "\"b\"", "\"c\"", "\"error\"", "\"\"", "\"usage\""] {
            push(&mut chunks, &chunk(text, "null")).expect("a chunk");
        }
        assert_eq!((chunks.texts().count(), chunks.report().is_some()), (6, false));
        let with_usage =
            chunk("\"d\"", "null").replace("]}", r#"],"usage":{"prompt_tokens":2,"completion_tokens":7}}"#);
        push(&mut chunks, &with_usage).expect("a chunk");
        let report = chunks.report().expect("a report");
        assert_eq!((report.usage.completion, report.up_to_date), (7, true));
        // What is written after it makes it old, however alike that is.
        push(&mut chunks, &chunk("\"e\"", "null")).expect("a chunk");
        assert_eq!(chunks.report().map(|report| report.up_to_date), Some(false));
        push(&mut chunks, &chunk("\"f\"", "\"stop\"")).expect("a chunk");
        assert_eq!(chunks.progress(), Progress::Complete);
        let error = push(&mut chunks, r#"{"error":{"code":500}}"#);
        assert!(matches!(error, Err(Broken::Error(Some(500), _))), "{error:?}");
    }

    const NAMES: &str = "error|usage|e|error:";
    const VALUES: &str = "null|1|:|\\{\\}|\"\"|\"a\"|\"ab\"|\"error\"|\"a\\\\\\\\\"|\"\\\\\\\\\"\"";

    proptest! {
        /// Nothing that matters is in a chunk like one that has nothing of it. Three chunks, which differ in one value.
        #[test]
        fn what_is_alike_is_as_quiet(
            members in proptest::collection::vec((NAMES, VALUES), 1..4),
            at in 0..4usize,
            values in proptest::collection::vec(VALUES, 3),
        ) {
            let at = at % members.len();
            let written: Vec<String> = values.iter().map(|value| {
                let value = |place: usize, own: &str| if place == at { value.clone() } else { own.to_owned() };
                let members = members.iter().enumerate();
                let members = members.map(|(place, (name, own))| format!("\"{name}\":{}", value(place, own)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }).collect();
            let is_quiet = |chunk: &str| {
                let finds = |name| has_value(&Finder::new(name), chunk.as_bytes());
                !finds("\"error\"") && !finds("\"usage\"")
            };
            let quiet = noted(&[&written[0], &written[1]]);
            if is_quiet(&written[1]) && quiet.is_like(written[2].as_bytes()) {
                prop_assert!(is_quiet(&written[2]));
            }
        }
    }
}
