//! What the tests of the engine share.

use std::time::Duration;

use super::{Clock, Memory};
use crate::upstash::reply::Reply;

pub(crate) const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// An engine of which the clock stands still.
pub(crate) struct Db(Memory);

impl Db {
    pub(crate) fn new() -> Self {
        Self::at(1_700_000_000_000)
    }

    /// `now` in milliseconds since the epoch.
    pub(crate) fn at(now: i64) -> Self {
        Self(Memory::new(Clock::manual(now)).unwrap())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.clock().advance(by);
    }

    /// Runs a command of which the words are parted by blanks.
    pub(crate) fn run(&self, command: &str) -> Reply {
        self.run_words(&command.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Reply {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.0.execute(&words)
    }

    pub(crate) fn contents(&self) -> Vec<String> {
        self.0.contents()
    }

    /// Runs a script with these keys and arguments.
    pub(crate) fn eval(&self, script: &str, keys: &[&str], arguments: &[&str]) -> Reply {
        let count = keys.len().to_string();
        let mut words = vec!["EVAL", script, &count];
        words.extend(keys);
        words.extend(arguments);
        self.run_words(&words)
    }
}

pub(crate) fn ok() -> Reply {
    status("OK")
}

pub(crate) fn status(text: &str) -> Reply {
    Reply::Status(text.to_owned().into())
}

pub(crate) fn error(message: &str) -> Reply {
    Reply::Error(message.to_owned().into())
}

pub(crate) fn int(number: i64) -> Reply {
    Reply::Integer(number)
}

pub(crate) fn bulk(text: &str) -> Reply {
    Reply::bulk(text)
}

pub(crate) fn nil() -> Reply {
    Reply::Nil
}

pub(crate) fn array(items: impl IntoIterator<Item = Reply>) -> Reply {
    Reply::Array(items.into_iter().collect())
}
