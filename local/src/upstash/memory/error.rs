//! Why a command failed, in Redis's words.

use std::borrow::Cow;

use crate::upstash::reply::Reply;

/// An error reply: its code, a space, its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandError(pub(super) Cow<'static, str>);

pub(super) type Outcome = Result<Reply, CommandError>;

impl CommandError {
    pub(super) const WRONG_TYPE: Self = Self::new("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub(super) const SYNTAX: Self = Self::new("ERR syntax error");
    pub(super) const NOT_AN_INTEGER: Self = Self::new("ERR value is not an integer or out of range");
    pub(super) const OVERFLOW: Self = Self::new("ERR increment or decrement would overflow");

    pub(super) const fn new(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }

    pub(super) fn wrong_arity(command: &str) -> Self {
        Self(format!("ERR wrong number of arguments for '{command}' command").into())
    }
}

impl From<CommandError> for Reply {
    fn from(error: CommandError) -> Self {
        Self::Error(error.0)
    }
}
