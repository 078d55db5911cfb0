//! Strings and counters.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::{Entry, Keyspace};
use crate::upstash::memory::number::{integer, parse_integer};
use crate::upstash::memory::value::Text;
use crate::upstash::reply::Reply;

pub(super) fn get(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    Ok(keyspace.get::<Text>(arguments[0])?.map_or(Reply::Nil, |text| Reply::bulk(text.as_slice())))
}

/// When SET writes at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

/// What SET does to the time at which the key lapses.
#[derive(Clone, Copy)]
enum Expiry<'a> {
    Remove,
    Keep,
    /// The argument, and how many milliseconds its unit is.
    In(&'a [u8], i64),
}

struct SetOptions<'a> {
    condition: Condition,
    expiry: Expiry<'a>,
    get: bool,
}

impl<'a> SetOptions<'a> {
    fn parse(words: &[&'a [u8]]) -> Result<Self, CommandError> {
        let mut options = Self { condition: Condition::Always, expiry: Expiry::Remove, get: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let untimed = matches!(options.expiry, Expiry::Remove);
            match word.to_ascii_lowercase().as_slice() {
                b"nx" if options.condition != Condition::IfPresent => {
                    options.condition = Condition::IfAbsent;
                }
                b"xx" if options.condition != Condition::IfAbsent => {
                    options.condition = Condition::IfPresent;
                }
                b"get" => options.get = true,
                b"keepttl" if !matches!(options.expiry, Expiry::In(..)) => {
                    options.expiry = Expiry::Keep;
                }
                unit @ (b"ex" | b"px") if untimed => {
                    let amount = words.next().ok_or(CommandError::SYNTAX)?;
                    options.expiry = Expiry::In(amount, if unit == b"ex" { 1_000 } else { 1 });
                }
                _ => return Err(CommandError::SYNTAX),
            }
        }
        Ok(options)
    }
}

pub(super) fn set(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (key, value) = (arguments[0], arguments[1]);
    let options = SetOptions::parse(&arguments[2..])?;
    let new_expiry = match options.expiry {
        Expiry::In(amount, unit) => Some(deadline(integer(amount)?, unit, keyspace.now_millis())?),
        Expiry::Remove | Expiry::Keep => None,
    };
    let reply = if options.get { get(keyspace, &[key])? } else { Reply::OK };
    let present = keyspace.entry(key);
    let writes = match options.condition {
        Condition::Always => true,
        Condition::IfAbsent => present.is_none(),
        Condition::IfPresent => present.is_some(),
    };
    if !writes {
        return Ok(if options.get { reply } else { Reply::Nil });
    }
    let expires_at = match options.expiry {
        Expiry::Keep => present.and_then(|entry| entry.expires_at),
        Expiry::Remove | Expiry::In(..) => new_expiry,
    };
    let mut entry = Entry::new::<Text>(value.to_vec());
    entry.expires_at = expires_at;
    keyspace.insert(key, entry);
    Ok(reply)
}

/// The time, in milliseconds since the epoch, at which a key set now lapses.
fn deadline(amount: i64, unit: i64, now: i64) -> Result<i64, CommandError> {
    Some(amount)
        .filter(|amount| *amount > 0)
        .and_then(|amount| amount.checked_mul(unit))
        .and_then(|millis| millis.checked_add(now))
        .ok_or(CommandError::new("ERR invalid expire time in 'set' command"))
}

pub(super) fn incr(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    add(keyspace, arguments[0], 1)
}

pub(super) fn decr(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    add(keyspace, arguments[0], -1)
}

pub(super) fn incrby(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    add(keyspace, arguments[0], integer(arguments[1])?)
}

pub(super) fn decrby(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let by = integer(arguments[1])?.checked_neg().ok_or(CommandError::new("ERR decrement would overflow"))?;
    add(keyspace, arguments[0], by)
}

/// Adds to a counter, which keeps the time at which it lapses.
fn add(keyspace: &mut Keyspace, key: &[u8], by: i64) -> Outcome {
    let number = match keyspace.get::<Text>(key)? {
        Some(text) => parse_integer(text).ok_or(CommandError::NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = number.checked_add(by).ok_or(CommandError::OVERFLOW)?;
    *keyspace.get_or_create::<Text>(key)? = sum.to_string().into_bytes();
    Ok(Reply::Integer(sum))
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, WRONG_TYPE, bulk, error, int, nil, ok};

    #[test]
    fn get_answers_what_set_stored() {
        let db = Db::new();
        assert_eq!(db.run("GET a"), nil());
        assert_eq!(db.run("SET a 1"), ok());
        assert_eq!(db.run("GET a"), bulk("1"));
        db.run("RPUSH list x");
        assert_eq!(db.run("GET list"), error(WRONG_TYPE));
        assert_eq!(db.run("SET list x"), ok());
    }

    #[test]
    fn set_writes_only_on_its_condition() {
        let db = Db::new();
        assert_eq!(db.run("SET a 1 XX"), nil());
        assert_eq!(db.run("SET a 1 NX"), ok());
        assert_eq!(db.run("SET a 2 NX"), nil());
        assert_eq!(db.run("SET a 2 NX GET"), bulk("1"));
        assert_eq!(db.run("SET a 3 XX GET"), bulk("1"));
        assert_eq!(db.run("GET a"), bulk("3"));
        assert_eq!(db.run("SET b 3 GET"), nil());
        assert_eq!(db.run("GET b"), bulk("3"));
        db.run("RPUSH list x");
        assert_eq!(db.run("SET list x GET"), error(WRONG_TYPE));
    }

    #[test]
    fn set_replaces_keeps_or_removes_the_expiry() {
        let db = Db::new();
        db.run("SET a 1 EX 10");
        assert_eq!(db.run("PTTL a"), int(10_000));
        db.run("SET a 2 KEEPTTL");
        assert_eq!(db.run("PTTL a"), int(10_000));
        db.run("SET a 2 PX 50");
        assert_eq!(db.run("PTTL a"), int(50));
        db.run("SET a 3");
        assert_eq!(db.run("PTTL a"), int(-1));
    }

    #[test]
    fn set_refuses_what_redis_refuses() {
        let db = Db::new();
        for options in ["EX", "NX XX", "EX 1 PX 1", "KEEPTTL EX 1", "EX 1 KEEPTTL", "EXAT 9"] {
            assert_eq!(db.run(&format!("SET a b {options}")), error("ERR syntax error"));
        }
        for options in ["EX 0", "PX -1", "EX 9223372036854775807"] {
            assert_eq!(db.run(&format!("SET a b {options}")), error("ERR invalid expire time in 'set' command"));
        }
        assert_eq!(db.run("SET a b EX 1.5"), error("ERR value is not an integer or out of range"));
        assert_eq!(db.run("EXISTS a"), int(0));
    }

    #[test]
    fn counters_count_up_and_down() {
        let db = Db::new();
        assert_eq!(db.run("INCR n"), int(1));
        assert_eq!(db.run("INCRBY n 41"), int(42));
        assert_eq!(db.run("DECR n"), int(41));
        assert_eq!(db.run("DECRBY n 50"), int(-9));
        db.run("PEXPIRE n 1000");
        db.run("INCR n");
        assert_eq!(db.run("PTTL n"), int(1000));
    }

    #[test]
    fn counters_do_not_overflow() {
        let db = Db::new();
        db.run("SET n 9223372036854775807");
        assert_eq!(db.run("INCR n"), error("ERR increment or decrement would overflow"));
        assert_eq!(db.run("DECRBY n -9223372036854775808"), error("ERR decrement would overflow"));
        db.run("SET n 1.5");
        assert_eq!(db.run("INCR n"), error("ERR value is not an integer or out of range"));
        db.run("RPUSH list x");
        assert_eq!(db.run("INCR list"), error(WRONG_TYPE));
    }
}
