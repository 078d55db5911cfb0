//! Server-sent events cut out of a provider's stream, by the rules of the WHATWG's HTML standard ("Server-sent events").
//!
//! Events are passed on as the bytes they came in, several at once where they stand side by side; only an unfinished
//! one is kept back until its end is in. Whoever reads a stream sees the data of each event and says what becomes of it.

use std::mem;

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::memchr_iter;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::event_lines::{data, end_across, first_end, last_end, on_one_line};

/// The longest event that is waited for, in bytes: a picture of 24 MB in base64, and little enough for memory.
const LONGEST_EVENT: usize = 32 * 1024 * 1024;

/// The comment that tells a waiting client that its stream is alive.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// Why an answer cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Something that is not what it should be.
    Garbled,
    /// An event that is longer than is waited for.
    TooLong,
    /// The provider reports an error. Holds its HTTP-like code, if it has one, and the JSON that has it.
    Error(Option<u16>, Bytes),
}

/// What becomes of an event.
pub enum Verdict {
    /// The client gets it as it came.
    Keep,
    /// The client does not get it.
    Drop,
    /// The client gets these bytes in its place: one or more whole events.
    Replace(Bytes),
}

/// Who reads the events of a stream.
pub trait Reader {
    /// Looks at an event's data.
    ///
    /// # Errors
    /// [`Broken`] ends the stream here.
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken>;
}

/// An event with a name: some SDKs go by its `event` line.
///
/// # Errors
/// None in practice: what is written here was JSON before.
pub fn named_event(name: &str, data: &impl Serialize) -> serde_json::Result<Bytes> {
    let mut event = format!("event: {name}\ndata: ").into_bytes();
    serde_json::to_writer(&mut event, data)?;
    event.extend_from_slice(b"\n\n");
    Ok(event.into())
}

/// The event of a value that holds its own `type`.
#[must_use]
pub fn event_of(data: &Value) -> Bytes {
    let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub struct EventStream {
    unfinished: BytesMut,
    /// Whether the first bytes, which may be a byte order mark, have come.
    begun: bool,
    /// Whether the last byte was a carriage return that has been read as a line end: a line feed after it is part of it.
    after_return: bool,
}

impl EventStream {
    /// Takes the next bytes, shows each whole event to `reader`, and appends to `out` what the client gets.
    ///
    /// # Errors
    /// [`Broken`]; what stood before the broken event is in `out`.
    pub fn push(&mut self, frame: Bytes, reader: &mut impl Reader, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let frame = self.without_mark(frame);
        let mut frame = self.plain_line_ends(frame);
        if !self.unfinished.is_empty() {
            let Some(end) = end_across(&self.unfinished, &frame) else {
                self.unfinished.extend_from_slice(&frame);
                return if self.unfinished.len() > LONGEST_EVENT { Err(Broken::TooLong) } else { Ok(()) };
            };
            self.unfinished.extend_from_slice(&frame.split_to(end));
            let event = mem::take(&mut self.unfinished).freeze();
            pass(&event, reader, out)?;
        }
        let whole = last_end(&frame);
        self.unfinished.extend_from_slice(&frame.split_off(whole));
        pass(&frame, reader, out)
    }

    /// Takes a last event that no blank line follows.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn end(&mut self, reader: &mut impl Reader, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut event = mem::take(&mut self.unfinished);
        if event.trim_ascii().is_empty() {
            return Ok(());
        }
        event.truncate(event.trim_ascii_end().len());
        event.put_slice(b"\n\n");
        let event = event.freeze();
        let cut_off = match data(&event) {
            // Before it said anything: its name alone is no event.
            None => true,
            // Within its JSON: nobody can read it, and what it says of an end is none.
            Some(data) => data.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(&data).is_err(),
        };
        if cut_off {
            return Ok(());
        }
        pass(&event, reader, out)
    }

    fn without_mark(&mut self, mut frame: Bytes) -> Bytes {
        if !mem::replace(&mut self.begun, true) && frame.starts_with("\u{feff}".as_bytes()) {
            let _ = frame.split_to("\u{feff}".len());
        }
        frame
    }

    /// A carriage return alone ends a line, too. Hardly anybody writes it, so bytes are copied only where one stands.
    fn plain_line_ends(&mut self, frame: Bytes) -> Bytes {
        let alone = |at: usize| frame.get(at + 1) != Some(&b'\n');
        if !self.after_return && !memchr_iter(b'\r', &frame).any(alone) {
            return frame;
        }
        let mut plain = BytesMut::with_capacity(frame.len());
        for byte in frame {
            match byte {
                b'\n' if self.after_return => {}
                b'\r' => plain.put_u8(b'\n'),
                byte => plain.put_u8(byte),
            }
            self.after_return = byte == b'\r';
        }
        plain.freeze()
    }
}

/// Shows each event of `events`, all of which are whole, to `reader`, and passes on runs of those that are kept.
fn pass(events: &Bytes, reader: &mut impl Reader, out: &mut Vec<Bytes>) -> Result<(), Broken> {
    let (mut kept_from, mut from) = (0, 0);
    let mut result = Ok(());
    while let Some(length) = first_end(&events[from..]) {
        let end = from + length;
        let verdict = match data(&events.slice(from..end)) {
            // A heartbeat: there is nothing in it for anybody.
            Some(data) if data.is_empty() || &data[..] == b"null" => Ok(Verdict::Drop),
            Some(data) => reader.event(data.clone()).map(|verdict| match verdict {
                Verdict::Keep if data.contains(&b'\n') => Verdict::Replace(on_one_line(&data)),
                verdict => verdict,
            }),
            None => Ok(Verdict::Keep),
        };
        if !matches!(verdict, Ok(Verdict::Keep)) {
            if kept_from < from {
                out.push(events.slice(kept_from..from));
            }
            kept_from = end;
        }
        match verdict {
            Ok(Verdict::Replace(bytes)) => out.push(bytes),
            Ok(_) => {}
            Err(broken) => {
                result = Err(broken);
                break;
            }
        }
        from = end;
    }
    if result.is_ok() && kept_from < events.len() {
        out.push(events.slice(kept_from..));
    }
    result
}

#[cfg(test)]
mod tests;
