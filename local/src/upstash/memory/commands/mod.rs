//! The commands, one file per type of value, and the table of them.
//!
//! Each takes its arguments without its own name. The order in which a command checks its arguments, the key's type and its
//! bounds is Redis's, since it decides which error is answered.

mod hashes;
mod keys;
mod lists;
mod server;
mod sorted_set_ranges;
mod sorted_sets;
mod strings;

use super::error::Outcome;
use super::keyspace::Keyspace;

/// Runs a command on the keys.
pub(super) type Run = fn(&mut Keyspace, &[&[u8]]) -> Outcome;

/// A command that the stand-in knows.
pub(in crate::upstash) struct Spec {
    /// In lower case, as Redis's error messages have it.
    pub(in crate::upstash) name: &'static str,
    /// The number of words with the name itself; at least that many if negative.
    arity: i8,
    pub(super) action: Action,
}

#[derive(Clone, Copy)]
pub(super) enum Action {
    Keys(Run),
    /// EVAL and EVALSHA, which scripts may not call.
    Eval,
    EvalSha,
}

impl Spec {
    /// Whether a command of so many words, its name among them, has the right number.
    pub(super) fn accepts(&self, words: usize) -> bool {
        let bound = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { words >= bound } else { words == bound }
    }
}

const fn keys(name: &'static str, arity: i8, run: Run) -> Spec {
    Spec { name, arity, action: Action::Keys(run) }
}

/// Sorted by name. The arities are those that Redis 7 lists in `COMMAND INFO`.
static COMMANDS: [Spec; 41] = [
    keys("decr", 2, strings::decr),
    keys("decrby", 3, strings::decrby),
    keys("del", -2, keys::del),
    Spec { name: "eval", arity: -3, action: Action::Eval },
    Spec { name: "evalsha", arity: -3, action: Action::EvalSha },
    keys("exists", -2, keys::exists),
    keys("expire", -3, keys::expire),
    keys("flushdb", -1, server::flushdb),
    keys("get", 2, strings::get),
    keys("hdel", -3, hashes::hdel),
    keys("hget", 3, hashes::hget),
    keys("hgetall", 2, hashes::hgetall),
    keys("hincrby", 4, hashes::hincrby),
    keys("hmget", -3, hashes::hmget),
    keys("hset", -4, hashes::hset),
    keys("incr", 2, strings::incr),
    keys("incrby", 3, strings::incrby),
    keys("lindex", 3, lists::lindex),
    keys("llen", 2, lists::llen),
    keys("lmove", 5, lists::lmove),
    keys("lpop", -2, lists::lpop),
    keys("lpush", -3, lists::lpush),
    keys("lrange", 4, lists::lrange),
    keys("lrem", 4, lists::lrem),
    keys("pexpire", -3, keys::pexpire),
    keys("pexpireat", -3, keys::pexpireat),
    keys("ping", -1, server::ping),
    keys("pttl", 2, keys::pttl),
    keys("rpop", -2, lists::rpop),
    keys("rpush", -3, lists::rpush),
    keys("set", -3, strings::set),
    keys("time", 1, server::time),
    keys("ttl", 2, keys::ttl),
    keys("zadd", -4, sorted_sets::zadd),
    keys("zcard", 2, sorted_sets::zcard),
    keys("zcount", 4, sorted_set_ranges::zcount),
    keys("zrange", -4, sorted_set_ranges::zrange),
    keys("zrangebyscore", -4, sorted_set_ranges::zrangebyscore),
    keys("zrem", -3, sorted_sets::zrem),
    keys("zremrangebyscore", 4, sorted_set_ranges::zremrangebyscore),
    keys("zscore", 3, sorted_sets::zscore),
];

/// The command of that name, in any case.
pub(in crate::upstash) fn lookup(name: &[u8]) -> Option<&'static Spec> {
    let mut buffer = [0_u8; 24];
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    COMMANDS.binary_search_by(|spec| spec.name.as_bytes().cmp(lower)).ok().map(|index| &COMMANDS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_any_case() {
        for spec in &COMMANDS {
            for name in [spec.name.to_owned(), spec.name.to_uppercase()] {
                let found = lookup(name.as_bytes()).map(|spec| spec.name);
                assert_eq!(found, Some(spec.name));
            }
        }
        for unknown in ["", "mget", "ge", "gets", "zremrangebyscoreandmuchmore"] {
            assert!(lookup(unknown.as_bytes()).is_none(), "{unknown}");
        }
    }
}
