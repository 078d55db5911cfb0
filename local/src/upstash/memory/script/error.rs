//! Errors inside a script.

use mlua::{Lua, Table, Value};

use super::convert::one_line;

/// The chunk name of every script, which Lua puts before the line in its messages.
pub(super) const CHUNK_NAME: &str = "@user_script";

/// An error that one of the functions given to scripts raises.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ScriptError {
    /// An error reply of a command, code and all.
    #[error("{0}")]
    Reply(String),
    /// An error of Lua's own kind: a text that names its line, without a code.
    #[error("{0}")]
    Lua(String),
}

impl ScriptError {
    /// An error of Lua's kind at the line that is being run.
    pub(super) fn at_line(lua: &Lua, message: &str) -> mlua::Error {
        let line = current_line(lua).map_or_else(String::new, |line| format!("user_script:{line}: "));
        Self::Lua(format!("{line}{message}")).into()
    }
}

impl From<ScriptError> for mlua::Error {
    fn from(error: ScriptError) -> Self {
        Self::external(error)
    }
}

/// The line of the script that is being run, seen from a function that it called.
pub(super) fn current_line(lua: &Lua) -> Option<usize> {
    (0..)
        .map_while(|level| {
            lua.inspect_stack(level, |frame| {
                let in_script = frame.source().source.as_deref() == Some(CHUNK_NAME);
                in_script.then(|| frame.current_line()).flatten()
            })
        })
        .find_map(|line| line)
}

/// The message of a raised value, as a script that catches it sees it; `None` for a value that is no error of ours.
pub(super) fn caught(value: &Value) -> Option<String> {
    match value {
        Value::Error(error) => {
            Some(error.downcast_ref::<ScriptError>().map_or_else(|| error.to_string(), ToString::to_string))
        }
        Value::Table(table) => message_of(table),
        _ => None,
    }
}

fn message_of(table: &Table) -> Option<String> {
    match table.raw_get("err") {
        Ok(Value::String(message)) => Some(message.to_string_lossy()),
        _ => None,
    }
}

/// The message of a value that nothing caught, with its code: tables and replies carry theirs, texts get `ERR`.
pub(super) fn uncaught(value: &Value) -> String {
    let carries_code = match value {
        Value::Error(error) => matches!(error.downcast_ref::<ScriptError>(), Some(ScriptError::Reply(_))),
        Value::Table(_) => true,
        _ => false,
    };
    let message = caught(value).unwrap_or_else(|| match value {
        Value::Table(_) => "ERR the script raised a table without err".to_owned(),
        other => other.to_string().unwrap_or_else(|_| "unknown".to_owned()),
    });
    one_line(&if carries_code { message } else { format!("ERR {message}") })
}
