//! Where `model` and `provider` stand in an answer, as far as a glance at its head shows.

use std::ops::Range;

use memchr::memchr2;

/// What stands at the head of an object, before the first member that is a list or an object.
#[derive(Default)]
pub struct Head {
    /// Where the value of `model` is.
    pub model: Option<Range<usize>>,
    /// Where the value of `provider` is.
    pub provider: Option<Range<usize>>,
    /// Where the head ends.
    pub end: usize,
}

impl Head {
    /// `None` when this is no JSON object.
    pub fn read(json: &[u8]) -> Option<Self> {
        let mut head = Self::default();
        let mut at = past_space(json, 0);
        if json.get(at) != Some(&b'{') {
            return None;
        }
        at += 1;
        loop {
            at = past_space(json, at);
            head.end = at;
            match json.get(at)? {
                b',' => at += 1,
                b'"' => {
                    let name = at + 1..text_end(json, at)?;
                    let colon = past_space(json, name.end + 1);
                    if json.get(colon) != Some(&b':') {
                        return None;
                    }
                    let value = past_space(json, colon + 1);
                    let end = match json.get(value)? {
                        b'{' | b'[' => return Some(head),
                        b'"' => text_end(json, value)? + 1,
                        _ => value + json[value..].iter().position(|byte| b",} \t\r\n".contains(byte))?,
                    };
                    match &json[name] {
                        b"model" => head.model = Some(value..end),
                        b"provider" => head.provider = Some(value..end),
                        _ => {}
                    }
                    at = end;
                }
                _ => return Some(head),
            }
        }
    }
}

/// Where what is no space begins, from `from` on.
pub fn past_space(json: &[u8], from: usize) -> usize {
    let space = json.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace());
    from + space.count()
}

/// Where the text that begins at `from` has its closing quotation mark.
fn text_end(json: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
