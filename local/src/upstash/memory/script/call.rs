//! `redis.call` and `redis.pcall`.

use std::sync::Mutex;

use mlua::{BorrowedBytes, Lua, MultiValue, Value};

use super::super::commands::{Action, lookup};
use super::super::error::CommandError;
use super::super::keyspace::Keyspace;
use super::super::lock;
use super::super::number::format_double;
use super::convert::{error_table, to_lua};
use super::error::ScriptError;
use crate::upstash::reply::Reply;

/// A word of a command: borrowed from Lua, or a number as text.
enum Word {
    Text(BorrowedBytes),
    Number(String),
}

impl Word {
    fn new(value: &Value) -> Result<Self, CommandError> {
        match value {
            Value::String(text) => Ok(Self::Text(text.as_bytes())),
            Value::Integer(number) => Ok(Self::Number(number.to_string())),
            Value::Number(number) => Ok(Self::Number(format_double(*number))),
            _ => Err(CommandError::new("ERR Lua redis lib command arguments must be strings or integers")),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Number(text) => text.as_bytes(),
        }
    }
}

/// Runs a command; its error is raised.
pub(super) fn call(lua: &Lua, keyspace: &Mutex<Keyspace>, words: &MultiValue) -> mlua::Result<Value> {
    let reply = run(keyspace, words).map_err(|error| ScriptError::Reply(error.0.into_owned()))?;
    to_lua(lua, reply)
}

/// Runs a command; its error is answered as `{err=}`.
pub(super) fn pcall(lua: &Lua, keyspace: &Mutex<Keyspace>, words: &MultiValue) -> mlua::Result<Value> {
    match run(keyspace, words) {
        Ok(reply) => to_lua(lua, reply),
        Err(error) => Ok(Value::Table(error_table(lua, error.0.as_bytes())?)),
    }
}

fn run(keyspace: &Mutex<Keyspace>, words: &MultiValue) -> Result<Reply, CommandError> {
    if words.is_empty() {
        return Err(CommandError::new("ERR Please specify at least one argument for this redis lib call"));
    }
    let words = words.iter().map(Word::new).collect::<Result<Vec<_>, CommandError>>()?;
    let words: Vec<&[u8]> = words.iter().map(Word::bytes).collect();
    let spec = lookup(words[0]).ok_or(CommandError::new("ERR Unknown Redis command called from script"))?;
    if !spec.accepts(words.len()) {
        return Err(CommandError::new("ERR Wrong number of args calling Redis command from script"));
    }
    match spec.action {
        Action::Keys(run) => run(&mut lock(keyspace), &words[1..]),
        Action::Eval | Action::EvalSha => Err(CommandError::new("ERR This Redis command is not allowed from script")),
    }
}
