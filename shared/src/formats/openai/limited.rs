//! An answer that ended where the credit did says so.

use std::sync::LazyLock;

use bytes::{BufMut as _, BytesMut};
use memchr::memmem::Finder;

use super::head::past_space;

static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// Stands behind `finish_reason` where the answer ended at a limit that the credit had set.
const LIMITED: &[u8] = b",\"limited_by\":\"credit\"";

/// Says behind each `finish_reason` that is `length` what the limit came from. A text that quotes it has its quotation
/// marks escaped.
pub fn note_limit(named: &mut BytesMut, from: usize) {
    let mut looked_at = from;
    while let Some(found) = FINISH.find(&named[looked_at..]) {
        let colon = past_space(named, looked_at + found + FINISH.needle().len());
        let value = past_space(named, colon + 1);
        looked_at = value;
        if named.get(colon) == Some(&b':') && named[value.min(named.len())..].starts_with(b"\"length\"") {
            let end = value + b"\"length\"".len();
            let rest = named.split_off(end);
            named.put_slice(LIMITED);
            named.put_slice(&rest);
            looked_at = end;
        }
        if looked_at >= named.len() {
            return;
        }
    }
}
