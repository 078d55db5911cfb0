//! Between replies and Lua values, by Redis's rules for RESP2.

use mlua::{Lua, Table, Value};

use super::super::number::truncate;
use crate::upstash::reply::Reply;

/// How deep arrays may nest in a script's answer. Redis's bound is its Lua stack; what reaches either has lost its way.
const MAX_DEPTH: usize = 512;

/// A reply as a script sees it: null is `false`, a status is `{ok=}`, an error is `{err=}`.
pub(super) fn to_lua(lua: &Lua, reply: Reply) -> mlua::Result<Value> {
    Ok(match reply {
        Reply::Status(text) => Value::Table(field(lua, "ok", text.as_bytes())?),
        Reply::Error(message) => Value::Table(error_table(lua, message.as_bytes())?),
        // Lua 5.1 has only doubles.
        Reply::Integer(number) => Value::Number(number as f64),
        Reply::Bulk(bytes) => Value::String(lua.create_string(bytes)?),
        Reply::Nil => Value::Boolean(false),
        Reply::Array(items) => {
            let items = items.into_iter().map(|item| to_lua(lua, item)).collect::<mlua::Result<Vec<_>>>()?;
            Value::Table(lua.create_sequence_from(items)?)
        }
    })
}

pub(super) fn error_table(lua: &Lua, message: &[u8]) -> mlua::Result<Table> {
    field(lua, "err", message)
}

pub(super) fn field(lua: &Lua, name: &str, text: &[u8]) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, lua.create_string(text)?)?;
    Ok(table)
}

/// What a script answers, as a reply: numbers lose their fraction, `true` is 1, `false` is null, a table is an array up to
/// its first nil.
pub(super) fn from_lua(value: &Value) -> mlua::Result<Reply> {
    match convert(value, 0) {
        Err(mlua::Error::StackError) => Ok(Reply::error("ERR reached lua stack limit")),
        converted => converted,
    }
}

fn convert(value: &Value, depth: usize) -> mlua::Result<Reply> {
    if depth > MAX_DEPTH {
        return Err(mlua::Error::StackError);
    }
    Ok(match value {
        Value::Boolean(true) => Reply::Integer(1),
        Value::Number(number) => Reply::Integer(truncate(*number)),
        Value::Integer(number) => Reply::Integer(*number),
        Value::String(text) => Reply::bulk(text.as_bytes().to_vec()),
        Value::Table(table) => from_table(table, depth)?,
        _ => Reply::Nil,
    })
}

fn from_table(table: &Table, depth: usize) -> mlua::Result<Reply> {
    if let Value::String(message) = table.raw_get("err")? {
        return Ok(Reply::error(one_line(&message.to_string_lossy())));
    }
    if let Value::String(text) = table.raw_get("ok")? {
        return Ok(Reply::Status(one_line(&text.to_string_lossy()).into()));
    }
    let mut items = Vec::with_capacity(table.raw_len());
    for index in 1.. {
        let item: Value = table.raw_get(index)?;
        if item.is_nil() {
            break;
        }
        items.push(convert(&item, depth + 1)?);
    }
    Ok(Reply::Array(items))
}

/// Statuses and errors are one line in the protocol.
pub(super) fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
