//! What a script can reach: Lua's basic functions, `string`, `table` and `math`, and `redis`; nothing that it could change
//! for the next script.

use std::sync::{Arc, Mutex};

use mlua::{Function, Lua, LuaString, MultiValue, Table, Value};

use super::super::keyspace::Keyspace;
use super::call;
use super::convert::{error_table, field};
use super::error::{ScriptError, caught};

/// Lua's basic functions that scripts get. Left out, though Redis has them: what compiles code or reaches the collector,
/// `rawset`, which could change the globals, and `xpcall`.
const BASIC: [&str; 15] = [
    "_VERSION",
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "next",
    "pairs",
    "rawequal",
    "rawget",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "unpack",
];

/// A script that catches an error sees its text, whichever kind of error it was.
const PCALL: &str = "
local pcall, caught = ...
local function finish(ok, ...)
    if ok then
        return true, ...
    end
    return false, caught((...))
end
return function(...)
    return finish(pcall(...))
end";

pub(super) struct Sandbox {
    /// The globals of every script: empty and closed, in front of `contents`.
    pub(super) globals: Table,
    /// Where KEYS and ARGV are put before each run.
    pub(super) contents: Table,
}

impl Sandbox {
    pub(super) fn new(lua: &Lua, keyspace: &Arc<Mutex<Keyspace>>) -> mlua::Result<Self> {
        let own = lua.globals();
        let contents = lua.create_table()?;
        for name in BASIC {
            contents.raw_set(name, own.raw_get::<Value>(name)?)?;
        }
        for name in ["string", "table", "math"] {
            let library = own.raw_get::<Table>(name)?;
            contents.raw_set(name, closed(lua, library)?)?;
        }
        contents.raw_set("redis", closed(lua, redis(lua, keyspace)?)?)?;
        contents.raw_set("pcall", pcall(lua)?)?;
        lua.load("getmetatable('').__metatable = false").exec()?;

        contents.set_metatable(Some(missing_globals(lua)?))?;
        let globals = closed(lua, contents.clone())?;
        contents.raw_set("_G", globals.clone())?;
        Ok(Self { globals, contents })
    }
}

/// A table that shows the contents of another and cannot be written.
fn closed(lua: &Lua, contents: Table) -> mlua::Result<Table> {
    let metatable = lua.create_table()?;
    metatable.raw_set("__index", contents)?;
    metatable.raw_set(
        "__newindex",
        lua.create_function(|lua, _: MultiValue| -> mlua::Result<()> {
            Err(ScriptError::at_line(lua, "Attempt to modify a readonly table"))
        })?,
    )?;
    metatable.raw_set("__metatable", false)?;
    let table = lua.create_table()?;
    table.set_metatable(Some(metatable))?;
    Ok(table)
}

fn missing_globals(lua: &Lua) -> mlua::Result<Table> {
    let metatable = lua.create_table()?;
    metatable.raw_set(
        "__index",
        lua.create_function(|lua, (_, name): (Value, Value)| -> mlua::Result<()> {
            let name = name.to_string()?;
            let message = format!("Script attempted to access nonexistent global variable '{name}'");
            Err(ScriptError::at_line(lua, &message))
        })?,
    )?;
    Ok(metatable)
}

fn pcall(lua: &Lua) -> mlua::Result<Function> {
    let own: Value = lua.globals().raw_get("pcall")?;
    let caught = lua.create_function(|lua, value: Value| match caught(&value) {
        Some(message) => Ok(Value::String(lua.create_string(message)?)),
        None => Ok(value),
    })?;
    lua.load(PCALL).set_name("=sandbox").call((own, caught))
}

fn redis(lua: &Lua, keyspace: &Arc<Mutex<Keyspace>>) -> mlua::Result<Table> {
    let redis = lua.create_table()?;
    let keys = Arc::clone(keyspace);
    redis.raw_set("call", lua.create_function(move |lua, words: MultiValue| call::call(lua, &keys, &words))?)?;
    let keys = Arc::clone(keyspace);
    redis.raw_set("pcall", lua.create_function(move |lua, words: MultiValue| call::pcall(lua, &keys, &words))?)?;
    redis.raw_set("error_reply", lua.create_function(error_reply)?)?;
    redis.raw_set("status_reply", lua.create_function(status_reply)?)?;
    Ok(redis)
}

fn only_text(arguments: &MultiValue) -> Option<&LuaString> {
    match (arguments.len(), arguments.front()) {
        (1, Some(Value::String(text))) => Some(text),
        _ => None,
    }
}

const WRONG_ARGUMENTS: &[u8] = b"ERR wrong number or type of arguments";

/// A text of a single word gets the code `ERR`; of more, its first is the code.
fn error_reply(lua: &Lua, arguments: MultiValue) -> mlua::Result<Table> {
    let Some(text) = only_text(&arguments) else {
        return error_table(lua, WRONG_ARGUMENTS);
    };
    let text = text.as_bytes();
    let message = text.strip_prefix(b"-").unwrap_or(&text);
    if message.contains(&b' ') { error_table(lua, message) } else { error_table(lua, &[b"ERR ", message].concat()) }
}

fn status_reply(lua: &Lua, arguments: MultiValue) -> mlua::Result<Table> {
    match only_text(&arguments) {
        Some(text) => field(lua, "ok", &text.as_bytes()),
        None => error_table(lua, WRONG_ARGUMENTS),
    }
}
