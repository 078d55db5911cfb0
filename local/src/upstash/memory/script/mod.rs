//! EVAL: Lua scripts over the keys.

mod budget;
mod call;
mod convert;
mod error;
mod sandbox;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mlua::chunk::ChunkMode;
use mlua::state::{GcIncParams, GcMode};
use mlua::{Function, Lua, LuaOptions, MultiValue, StdLib, Table, Value};
use sha1::{Digest, Sha1};

use super::error::CommandError;
use super::keyspace::Keyspace;
use crate::upstash::reply::Reply;
use budget::Budget;
use convert::{from_lua, one_line};
use error::{CHUNK_NAME, current_line, uncaught};
use sandbox::Sandbox;

/// How many scripts are kept compiled. A gateway has a handful; more are a client that builds scripts out of data.
const MAX_CACHED: usize = 1_000;

/// How far the interpreter's memory may grow before it is looked through for garbage, in per cent of what was alive. Scripts
/// leave nothing behind, so what is alive is small, and looking through it after each of them would only cost time; but
/// with much more than this each allocation is of memory that the processor's cache has forgotten.
const GC_PAUSE: i32 = 300;

/// How a command names its script.
#[derive(Clone, Copy)]
pub(super) enum ScriptId<'a> {
    /// The script itself (EVAL).
    Source(&'a [u8]),
    /// The SHA-1 of one that was run before, in hexadecimal (EVALSHA).
    Sha(&'a [u8]),
}

const NO_SCRIPT: CommandError = CommandError::new("NOSCRIPT No matching script. Please use EVAL.");

impl ScriptId<'_> {
    /// What Redis looks at before any argument: something that cannot be a SHA-1 names no script.
    pub(super) fn check(self) -> Result<Self, CommandError> {
        match self {
            Self::Sha(sha) if sha.len() != 40 => Err(NO_SCRIPT),
            _ => Ok(self),
        }
    }
}

struct Script {
    function: Function,
    sha: String,
}

/// The interpreter and the scripts that it has compiled.
pub(super) struct Scripts {
    lua: Lua,
    sandbox: Sandbox,
    budget: Budget,
    /// Lua's own: calls the script, and the handler where an error is raised, while its line is still known.
    xpcall: Function,
    handler: Function,
    by_source: HashMap<Vec<u8>, Arc<Script>>,
    by_sha: HashMap<Vec<u8>, Arc<Script>>,
}

/// The SHA-1 by which EVALSHA names a script, in lower-case hexadecimal.
pub(in crate::upstash) fn sha1_hex(script: &[u8]) -> String {
    hex::encode(Sha1::digest(script))
}

/// An error of the interpreter itself, not of a script.
fn internal(error: &mlua::Error) -> CommandError {
    CommandError(format!("ERR Lua: {}", one_line(&error.to_string())).into())
}

impl Scripts {
    pub(super) fn new(keyspace: Arc<Mutex<Keyspace>>) -> mlua::Result<Self> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(GC_PAUSE)));
        let sandbox = Sandbox::new(&lua, &keyspace)?;
        Ok(Self {
            budget: Budget::install(&lua)?,
            xpcall: lua.globals().raw_get("xpcall")?,
            handler: lua.create_function(handle)?,
            sandbox,
            lua,
            by_source: HashMap::new(),
            by_sha: HashMap::new(),
        })
    }

    /// Runs a script. Its error is a reply too, since what it wrote before stays.
    ///
    /// # Errors
    /// NOSCRIPT, or a script that does not compile.
    pub(super) fn run(&mut self, id: ScriptId<'_>, keys: &[&[u8]], arguments: &[&[u8]]) -> Result<Reply, CommandError> {
        let script = match id {
            ScriptId::Source(source) => self.compiled(source)?,
            ScriptId::Sha(sha) => self.by_sha.get(&sha.to_ascii_lowercase()).cloned().ok_or(NO_SCRIPT)?,
        };
        self.call(&script, keys, arguments).map_err(|error| internal(&error))
    }

    fn compiled(&mut self, source: &[u8]) -> Result<Arc<Script>, CommandError> {
        if let Some(script) = self.by_source.get(source) {
            return Ok(Arc::clone(script));
        }
        let function = self
            .lua
            .load(source)
            .set_name(CHUNK_NAME)
            .set_mode(ChunkMode::Text)
            .set_environment(self.sandbox.globals.clone())
            .into_function()
            .map_err(|error| match error {
                mlua::Error::SyntaxError { message, .. } => {
                    CommandError(format!("ERR Error compiling script (new function): {}", one_line(&message)).into())
                }
                other => internal(&other),
            })?;
        let sha = sha1_hex(source);
        let script = Arc::new(Script { function, sha });
        if self.by_source.len() >= MAX_CACHED {
            self.by_source.clear();
            self.by_sha.clear();
        }
        self.by_source.insert(source.to_vec(), Arc::clone(&script));
        self.by_sha.insert(script.sha.clone().into_bytes(), Arc::clone(&script));
        Ok(script)
    }

    fn call(&self, script: &Script, keys: &[&[u8]], arguments: &[&[u8]]) -> mlua::Result<Reply> {
        self.sandbox.contents.raw_set("KEYS", self.strings(keys)?)?;
        self.sandbox.contents.raw_set("ARGV", self.strings(arguments)?)?;
        self.budget.refill(&self.lua)?;
        let mut results: MultiValue = self.xpcall.call((&script.function, &self.handler))?;
        let succeeded = matches!(results.pop_front(), Some(Value::Boolean(true)));
        let value = results.pop_front().unwrap_or(Value::Nil);
        if succeeded { from_lua(&value) } else { failure(&value, &script.sha) }
    }

    fn strings(&self, items: &[&[u8]]) -> mlua::Result<Table> {
        let items = items.iter().map(|item| self.lua.create_string(item)).collect::<mlua::Result<Vec<_>>>()?;
        self.lua.create_sequence_from(items)
    }
}

/// Runs where an error is raised, and keeps its message and its line.
fn handle(lua: &Lua, raised: Value) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 2)?;
    table.raw_set("err", uncaught(&raised))?;
    table.raw_set("line", current_line(lua))?;
    Ok(table)
}

/// The reply of a script that failed, in the words of Redis 7.
fn failure(value: &Value, sha: &str) -> mlua::Result<Reply> {
    let Value::Table(details) = value else {
        // The handler itself failed, as it does when the stack has no room left for it.
        return Ok(Reply::error(format!("{} script: {sha}", uncaught(value))));
    };
    let message: String = details.raw_get("err")?;
    let line: Option<i64> = details.raw_get("line")?;
    Ok(Reply::error(match line {
        Some(line) => format!("{message} script: {sha}, on {CHUNK_NAME}:{line}."),
        None => format!("{message} script: {sha}"),
    }))
}
