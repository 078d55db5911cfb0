//! The lines of server-sent events: an event ends at a blank one, and its data stands in those that say so.

use std::borrow::Cow;

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::memchr_iter;

/// Where the first event of `bytes` ends, its blank line included.
pub fn first_end(bytes: &[u8]) -> Option<usize> {
    if let Some(end) = blank_line(bytes) {
        return Some(end);
    }
    memchr_iter(b'\n', bytes).find_map(|at| blank_line(&bytes[at + 1..]).map(|blank| at + 1 + blank))
}

/// Where the last whole event of `bytes` ends.
pub fn last_end(bytes: &[u8]) -> usize {
    let mut ends = memchr::memrchr_iter(b'\n', bytes);
    ends.find_map(|at| {
        let before = &bytes[..at];
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        (before.is_empty() || before.ends_with(b"\n")).then_some(at + 1)
    })
    .unwrap_or(0)
}

/// Where, in `frame`, the event ends that `unfinished` begins.
pub fn end_across(unfinished: &[u8], frame: &[u8]) -> Option<usize> {
    if unfinished.ends_with(b"\n")
        && let Some(end) = blank_line(frame)
    {
        return Some(end);
    }
    memchr_iter(b'\n', frame).find_map(|at| blank_line(&frame[at + 1..]).map(|blank| at + 1 + blank))
}

/// The length of the blank line that `bytes` begins with.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// The data of several lines as an event that has it in one: some clients read no other. In JSON a line feed stands only
/// where a space may.
pub fn on_one_line(data: &[u8]) -> Bytes {
    let mut event = BytesMut::from(&b"data: "[..]);
    event.extend(data.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    event.put_slice(b"\n\n");
    event.freeze()
}

/// The lines, without what ends them, and what stands after the last end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    memchr_iter(b'\n', bytes).chain([bytes.len()]).map(move |end| {
        let line = &bytes[from..end];
        from = end + 1;
        line
    })
}

/// The event's data, its lines joined by line feeds; `None` when it has no such line: a comment, say.
pub fn data(event: &Bytes) -> Option<Bytes> {
    let mut found: Option<Cow<'_, [u8]>> = None;
    for line in lines(event) {
        let Some(value) = line.strip_prefix(b"data") else { continue };
        let value = match value {
            [b':', rest @ ..] => rest.trim_ascii(),
            // A field without a colon has an empty value; `database: x` is another field.
            rest if rest.trim_ascii().is_empty() => &[],
            _ => continue,
        };
        found = Some(match found {
            None => Cow::Borrowed(value),
            Some(before) => Cow::Owned([&before, &b"\n"[..], value].concat()),
        });
    }
    match found? {
        // A slice outside of any buffer is an empty one.
        Cow::Borrowed([]) => Some(Bytes::new()),
        Cow::Borrowed(data) => Some(event.slice_ref(data)),
        Cow::Owned(data) => Some(Bytes::from(data.trim_ascii().to_vec())),
    }
}
