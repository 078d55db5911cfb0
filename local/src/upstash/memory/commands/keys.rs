//! Keys of any type, and when they lapse.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::memory::number::integer;
use crate::upstash::reply::Reply;

pub(super) fn del(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let removed = arguments.iter().filter(|key| keyspace.remove(key)).count();
    Ok(Reply::count(removed))
}

/// A key named twice counts twice.
pub(super) fn exists(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let found = arguments.iter().filter(|key| keyspace.entry(key).is_some()).count();
    Ok(Reply::count(found))
}

pub(super) fn expire(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let now = keyspace.now_millis();
    set_expiry(keyspace, arguments, "expire", 1_000, now)
}

pub(super) fn pexpire(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let now = keyspace.now_millis();
    set_expiry(keyspace, arguments, "pexpire", 1, now)
}

pub(super) fn pexpireat(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    set_expiry(keyspace, arguments, "pexpireat", 1, 0)
}

/// When an expiry replaces the one that is there.
#[derive(Default)]
struct Conditions {
    if_none: bool,
    if_some: bool,
    if_later: bool,
    if_earlier: bool,
}

impl Conditions {
    fn parse(words: &[&[u8]]) -> Result<Self, CommandError> {
        let mut conditions = Self::default();
        for word in words {
            match word.to_ascii_lowercase().as_slice() {
                b"nx" => conditions.if_none = true,
                b"xx" => conditions.if_some = true,
                b"gt" => conditions.if_later = true,
                b"lt" => conditions.if_earlier = true,
                _ => {
                    let option = String::from_utf8_lossy(word);
                    return Err(CommandError(format!("ERR Unsupported option {option}").into()));
                }
            }
        }
        let compares = conditions.if_some || conditions.if_later || conditions.if_earlier;
        if conditions.if_none && compares {
            return Err(CommandError::new("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if conditions.if_later && conditions.if_earlier {
            return Err(CommandError::new("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    /// A key without an expiry counts as one that lapses at the end of time.
    fn hold(&self, old: Option<i64>, new: i64) -> bool {
        let later = old.is_some_and(|old| new > old);
        let earlier = old.is_none_or(|old| new < old);
        (!self.if_none || old.is_none())
            && (!self.if_some || old.is_some())
            && (!self.if_later || later)
            && (!self.if_earlier || earlier)
    }
}

/// Sets the time at which a key lapses to `base` ms since the epoch plus the argument, of which the unit is `unit` ms.
fn set_expiry(keyspace: &mut Keyspace, arguments: &[&[u8]], command: &str, unit: i64, base: i64) -> Outcome {
    let conditions = Conditions::parse(&arguments[2..])?;
    let at = integer(arguments[1])?
        .checked_mul(unit)
        .and_then(|millis| millis.checked_add(base))
        .ok_or_else(|| CommandError(format!("ERR invalid expire time in '{command}' command").into()))?;
    let now = keyspace.now_millis();
    let key = arguments[0];
    let Some(entry) = keyspace.entry_mut(key) else {
        return Ok(Reply::Integer(0));
    };
    if !conditions.hold(entry.expires_at, at) {
        return Ok(Reply::Integer(0));
    }
    if at <= now {
        keyspace.remove(key);
    } else {
        entry.expires_at = Some(at);
    }
    Ok(Reply::Integer(1))
}

/// In seconds, rounded to the nearest.
pub(super) fn ttl(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    Ok(Reply::Integer(match time_to_live(keyspace, arguments[0]) {
        known @ ..0 => known,
        millis => millis.saturating_add(500) / 1_000,
    }))
}

pub(super) fn pttl(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    Ok(Reply::Integer(time_to_live(keyspace, arguments[0])))
}

/// Milliseconds until the key lapses; -1 for a key that stays, -2 for none.
fn time_to_live(keyspace: &Keyspace, key: &[u8]) -> i64 {
    match keyspace.entry(key).map(|entry| entry.expires_at) {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => at.saturating_sub(keyspace.now_millis()).max(0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::upstash::memory::testing::{Db, error, int};

    #[test]
    fn del_and_exists_count_keys() {
        let db = Db::new();
        db.run("SET a 1");
        db.run("RPUSH b 1");
        assert_eq!(db.run("EXISTS a b c a"), int(3));
        assert_eq!(db.run("DEL a b c a"), int(2));
        assert_eq!(db.run("EXISTS a b"), int(0));
    }

    #[test]
    fn a_key_lapses_at_its_time() {
        let db = Db::at(1_000_000);
        db.run("SET a 1");
        assert_eq!(db.run("TTL a"), int(-1));
        assert_eq!(db.run("PTTL none"), int(-2));
        assert_eq!(db.run("EXPIRE a 10"), int(1));
        db.advance(Duration::from_millis(8_400));
        assert_eq!(db.run("PTTL a"), int(1_600));
        assert_eq!(db.run("TTL a"), int(2));
        db.advance(Duration::from_millis(1_601));
        assert_eq!(db.run("EXISTS a"), int(0));
        assert_eq!(db.run("TTL a"), int(-2));
        assert_eq!(db.run("PEXPIRE a 10"), int(0));
    }

    #[test]
    fn a_time_in_the_past_removes_the_key() {
        let db = Db::at(1_000_000);
        db.run("SET a 1");
        assert_eq!(db.run("PEXPIREAT a 1000001"), int(1));
        assert_eq!(db.run("PTTL a"), int(1));
        assert_eq!(db.run("PEXPIREAT a 1000000"), int(1));
        assert_eq!(db.run("EXISTS a"), int(0));
    }

    #[test]
    fn conditions_compare_with_the_expiry_that_is_there() {
        let db = Db::at(1_000_000);
        db.run("SET a 1");
        assert_eq!(db.run("PEXPIRE a 100 XX"), int(0));
        assert_eq!(db.run("PEXPIRE a 100 GT"), int(0));
        assert_eq!(db.run("PEXPIRE a 100 LT"), int(1));
        assert_eq!(db.run("PEXPIRE a 200 NX"), int(0));
        assert_eq!(db.run("PEXPIRE a 200 GT"), int(1));
        assert_eq!(db.run("PEXPIRE a 200 GT"), int(0));
        assert_eq!(db.run("PEXPIRE a 150 XX LT"), int(1));
        assert_eq!(db.run("PTTL a"), int(150));
    }

    #[test]
    fn an_expiry_is_refused_as_redis_refuses_it() {
        let db = Db::new();
        for (command, message) in [
            ("EXPIRE a x", "ERR value is not an integer or out of range"),
            ("EXPIRE a 9223372036854775807", "ERR invalid expire time in 'expire' command"),
            ("PEXPIRE a 9223372036854775807", "ERR invalid expire time in 'pexpire' command"),
            ("EXPIRE a 1 SOON", "ERR Unsupported option SOON"),
            ("EXPIRE a 1 NX GT", "ERR NX and XX, GT or LT options at the same time are not compatible"),
            ("EXPIRE a 1 LT GT", "ERR GT and LT options at the same time are not compatible"),
            ("EXPIRE a", "ERR wrong number of arguments for 'expire' command"),
        ] {
            assert_eq!(db.run(command), error(message));
        }
    }
}
