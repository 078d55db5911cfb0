//! What a provider sends, whatever was asked for and however it calls it: a stream of events or one JSON body. The two
//! are told apart by how they begin, since neither a request nor a content type binds everybody.

use bytes::{Bytes, BytesMut};

use super::{Answer, Broken};

/// The bytes of an answer on their way to whoever reads it.
#[derive(Debug, Default)]
pub struct Incoming {
    form: Form,
    size: usize,
}

#[derive(Debug, Default)]
enum Form {
    /// Nothing has come, or blank lines that keep a connection alive.
    #[default]
    Unknown,
    Events,
    /// Bytes of which nothing is to be understood.
    Binary,
    Body(BytesMut),
}

impl Incoming {
    /// Of an answer that is bytes, and not a text in their place.
    #[must_use]
    pub fn binary() -> Self {
        Self { form: Form::Binary, size: 0 }
    }

    /// Bytes that have come.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether it is one body, of which nothing can be told before it is all there.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self.form, Form::Body(_))
    }

    /// Takes the next bytes, and appends to `out` what a streaming client gets of them.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn push(&mut self, frame: Bytes, answer: &mut dyn Answer, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.size += frame.len();
        if matches!(self.form, Form::Unknown) {
            let text = frame.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&frame).trim_ascii_start();
            self.form = match text.first() {
                None => return Ok(()),
                // No line of an event stream begins so; a page begins with the last.
                Some(b'{' | b'[' | b'<') => Form::Body(BytesMut::from(text)),
                Some(_) => Form::Events,
            };
            if self.is_whole() {
                return Ok(());
            }
        }
        match &mut self.form {
            Form::Body(body) => {
                body.extend_from_slice(&frame);
                Ok(())
            }
            Form::Unknown | Form::Events | Form::Binary => answer.push(frame, out),
        }
    }

    /// Nothing follows. A client that streams gets the rest, appended to `out`.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn end(&mut self, answer: &mut dyn Answer, streams: bool, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        match std::mem::take(&mut self.form) {
            Form::Body(body) => answer.whole(body.freeze(), streams.then_some(out)),
            Form::Events | Form::Binary => answer.end(out),
            Form::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Progress;
    use crate::formats::chat::Chat;
    use crate::formats::openai::answer::OpenAiAnswer;

    const BODY: &str =
        r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;
    const EVENTS: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    fn read(frames: &[&[u8]]) -> (OpenAiAnswer<Chat>, String, Result<(), Broken>) {
        let (mut incoming, mut answer, mut out) = (Incoming::default(), OpenAiAnswer::new(false, 1), Vec::new());
        let pushed =
            frames.iter().try_for_each(|frame| incoming.push(Bytes::copy_from_slice(frame), &mut answer, &mut out));
        let result = pushed.and_then(|()| incoming.end(&mut answer, true, &mut out));
        (answer, String::from_utf8(out.concat()).expect("utf-8"), result)
    }

    #[test]
    fn a_body_and_a_stream_are_told_apart_however_they_are_cut() {
        for text in [BODY, EVENTS, "\n\n  \n", "\u{feff}"].map(str::as_bytes) {
            for begun in [&b""[..], b"\n \n"] {
                let whole = [begun, text].concat();
                for size in 1..6 {
                    let frames: Vec<&[u8]> = whole.chunks(size).collect();
                    let (answer, text, result) = read(&frames);
                    assert_eq!(result, Ok(()));
                    let is_answer = whole.len() > 10;
                    assert_eq!(answer.progress(), if is_answer { Progress::Done } else { Progress::Waiting });
                    assert_eq!(text.contains(r#""content":"hi""#), is_answer, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_page_is_no_answer() {
        assert_eq!(read(&[b"<html>"]).2, Err(Broken::Garbled));
    }
}
