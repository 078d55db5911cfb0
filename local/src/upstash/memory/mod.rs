//! The in-process engine: a small Redis, exact about the commands that it has.

mod clock;
mod commands;
mod error;
mod keyspace;
mod number;
mod script;
mod sorted_set;
mod value;

#[cfg(test)]
pub(super) mod testing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use clock::Clock;
pub(super) use commands::lookup;

use super::reply::Reply;
use commands::Action;
use error::CommandError;
use keyspace::Keyspace;
use number::parse_integer;
pub(super) use script::sha1_hex;
use script::{ScriptId, Scripts};

/// The engine. One command or script at a time, like Redis: the lock is what makes a script atomic, and it is never held
/// across an await.
pub(super) struct Memory {
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    /// Shared with the functions that scripts call, which run while this state is locked.
    keyspace: Arc<Mutex<Keyspace>>,
    scripts: Scripts,
}

/// A panic inside a command leaves at worst that command half done, which is how Redis leaves a failed script.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// # Errors
    /// When the Lua interpreter cannot be set up.
    pub(super) fn new(clock: Clock) -> mlua::Result<Self> {
        let keyspace = Arc::new(Mutex::new(Keyspace::default()));
        let scripts = Scripts::new(Arc::clone(&keyspace))?;
        Ok(Self { clock, state: Mutex::new(State { keyspace, scripts }) })
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs a command: its name, then its arguments.
    pub(super) fn execute(&self, command: &[&[u8]]) -> Reply {
        let mut state = lock(&self.state);
        lock(&state.keyspace).set_now(self.clock.micros());
        state.execute(command).unwrap_or_else(Reply::from)
    }

    /// Every key and what it holds, a line each, in no order.
    pub(super) fn contents(&self) -> Vec<String> {
        let state = lock(&self.state);
        let mut keyspace = lock(&state.keyspace);
        keyspace.set_now(self.clock.micros());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = |(key, held): (&[u8], Vec<&[u8]>)| std::iter::once(key).chain(held).map(text).collect::<Vec<_>>();
        keyspace.contents().map(|entry| line(entry).join(" ")).collect()
    }
}

impl State {
    fn execute(&mut self, command: &[&[u8]]) -> Result<Reply, CommandError> {
        let [name, arguments @ ..] = command else {
            return Err(CommandError::new("ERR empty command"));
        };
        let spec = lookup(name).ok_or_else(|| unknown_command(name, arguments))?;
        if !spec.accepts(command.len()) {
            return Err(CommandError::wrong_arity(spec.name));
        }
        match spec.action {
            Action::Keys(run) => run(&mut lock(&self.keyspace), arguments),
            Action::Eval => self.evaluate(ScriptId::Source(arguments[0]), &arguments[1..]),
            Action::EvalSha => self.evaluate(ScriptId::Sha(arguments[0]), &arguments[1..]),
        }
    }

    fn evaluate(&mut self, script: ScriptId<'_>, arguments: &[&[u8]]) -> Result<Reply, CommandError> {
        let script = script.check()?;
        let (count, words) = (arguments[0], &arguments[1..]);
        let count = parse_integer(count).ok_or(CommandError::NOT_AN_INTEGER)?;
        let count = usize::try_from(count).map_err(|_| CommandError::new("ERR Number of keys can't be negative"))?;
        let (keys, arguments) = words
            .split_at_checked(count)
            .ok_or(CommandError::new("ERR Number of keys can't be greater than number of args"))?;
        self.scripts.run(script, keys, arguments)
    }
}

/// Redis's words for a command that it does not know: at most 128 bytes of its name and of its arguments.
pub(super) fn unknown_command_message(name: &[u8], arguments: &[&[u8]]) -> String {
    const SHOWN: usize = 128;
    let text = |bytes: &[u8], limit: usize| String::from_utf8_lossy(&bytes[..bytes.len().min(limit)]).into_owned();
    let mut shown = String::new();
    for argument in arguments {
        if shown.len() >= SHOWN {
            break;
        }
        let argument = text(argument, SHOWN - shown.len());
        shown.push_str(&format!("'{argument}' "));
    }
    let name = text(name, SHOWN);
    format!("ERR unknown command '{name}', with args beginning with: {shown}")
}

fn unknown_command(name: &[u8], arguments: &[&[u8]]) -> CommandError {
    CommandError(unknown_command_message(name, arguments).into())
}

#[cfg(test)]
mod tests {
    use super::testing::{Db, error};

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let db = Db::new();
        assert_eq!(db.run("MGET a b"), error("ERR unknown command 'MGET', with args beginning with: 'a' 'b' "));
        assert_eq!(db.run("KEYS"), error("ERR unknown command 'KEYS', with args beginning with: "));
    }

    #[test]
    fn the_contents_are_every_key_and_all_it_holds() {
        let db = Db::new();
        for command in ["SET a 1", "HSET b f v g w", "RPUSH c x y", "ZADD d 5 m 4 n"] {
            db.run(command);
        }
        let mut contents = db.contents();
        contents.sort_unstable();
        assert_eq!(contents, ["a 1", "b f v g w", "c x y", "d n m"]);
    }

    #[test]
    fn the_number_of_arguments_is_checked() {
        let db = Db::new();
        for (command, name) in
            [("GET", "get"), ("get a b", "get"), ("HSET h a", "hset"), ("TIME x", "time"), ("EVAL script", "eval")]
        {
            let message = format!("ERR wrong number of arguments for '{name}' command");
            assert_eq!(db.run(command), error(&message), "{command}");
        }
    }
}
