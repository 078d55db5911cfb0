//! What a command answers, in the terms of the Redis protocol.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// A reply, as RESP2 knows them. RESP2's two nulls are one here, since JSON has only one.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A simple string, such as `OK`.
    Status(Cow<'static, str>),
    /// An error: its code, a space, its message.
    Error(Cow<'static, str>),
    Integer(i64),
    Bulk(Vec<u8>),
    Nil,
    Array(Vec<Reply>),
}

impl Reply {
    pub(crate) const OK: Self = Self::Status(Cow::Borrowed("OK"));

    pub(crate) fn bulk(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bulk(bytes.into())
    }

    /// The length of a collection or the number of things changed, as a reply.
    pub(crate) fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(message.into())
    }

    /// The first error inside an array, which only a script can answer.
    pub(crate) fn nested_error(&self) -> Option<&str> {
        let Self::Array(items) = self else {
            return None;
        };
        items.iter().find_map(|item| match item {
            Self::Error(message) => Some(message.as_ref()),
            _ => item.nested_error(),
        })
    }
}

/// As Upstash writes replies in JSON: bytes that are not UTF-8 become U+FFFD.
impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Status(text) | Self::Error(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Bulk(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            Self::Nil => serializer.serialize_none(),
            Self::Array(items) => serializer.collect_seq(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_written_as_upstash_writes_it() {
        let reply = Reply::Array(vec![
            Reply::OK,
            Reply::Integer(-7),
            Reply::bulk(*b"a\xffb"),
            Reply::Nil,
            Reply::Array(vec![Reply::bulk(*b"1")]),
        ]);
        assert_eq!(serde_json::to_string(&reply).unwrap(), "[\"OK\",-7,\"a\u{fffd}b\",null,[\"1\"]]");
    }

    #[test]
    fn an_error_is_found_however_deep_it_is() {
        let deep = Reply::Array(vec![Reply::Array(vec![Reply::error("ERR deep")])]);
        assert_eq!(deep.nested_error(), Some("ERR deep"));
        assert_eq!(Reply::error("ERR outer").nested_error(), None);
    }
}
