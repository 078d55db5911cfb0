//! Members of sorted sets and their scores.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::memory::number::{format_double, parse_float};
use crate::upstash::memory::sorted_set::SortedSet;
use crate::upstash::reply::Reply;

const NOT_A_FLOAT: CommandError = CommandError::new("ERR value is not a valid float");

#[derive(Default)]
struct AddOptions {
    only_new: bool,
    only_present: bool,
    if_greater: bool,
    if_less: bool,
    count_changed: bool,
    increment: bool,
}

impl AddOptions {
    /// Reads the options, up to the first word that is none; answers the words after them.
    fn parse<'a, 'b>(words: &'b [&'a [u8]]) -> (Self, &'b [&'a [u8]]) {
        let mut options = Self::default();
        let mut rest = words;
        while let [word, after @ ..] = rest {
            match word.to_ascii_lowercase().as_slice() {
                b"nx" => options.only_new = true,
                b"xx" => options.only_present = true,
                b"gt" => options.if_greater = true,
                b"lt" => options.if_less = true,
                b"ch" => options.count_changed = true,
                b"incr" => options.increment = true,
                _ => break,
            }
            rest = after;
        }
        (options, rest)
    }

    fn check(&self, pairs: usize) -> Result<(), CommandError> {
        let compares = self.if_greater || self.if_less;
        if self.only_new && self.only_present {
            return Err(CommandError::new("ERR XX and NX options at the same time are not compatible"));
        }
        if (self.if_greater && self.if_less) || (self.only_new && compares) {
            return Err(CommandError::new("ERR GT, LT, and/or NX options at the same time are not compatible"));
        }
        if self.increment && pairs > 1 {
            return Err(CommandError::new("ERR INCR option supports a single increment-element pair"));
        }
        Ok(())
    }

    /// The score that a member gets, if it gets one.
    fn new_score(&self, old: Option<f64>, given: f64) -> Result<Option<f64>, CommandError> {
        let Some(old) = old else {
            return Ok((!self.only_present).then_some(given));
        };
        if self.only_new {
            return Ok(None);
        }
        let score = if self.increment { old + given } else { given };
        if score.is_nan() {
            return Err(CommandError::new("ERR resulting score is not a number (NaN)"));
        }
        let refused = (self.if_greater && score <= old) || (self.if_less && score >= old);
        Ok((!refused).then_some(score))
    }
}

/// Answers how many members were added (or changed too, with CH); with INCR the new score, null when nothing was done.
pub(super) fn zadd(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let key = arguments[0];
    let (options, rest) = AddOptions::parse(&arguments[1..]);
    let (pairs, odd) = rest.as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() {
        return Err(CommandError::SYNTAX);
    }
    options.check(pairs.len())?;
    let scores = pairs
        .iter()
        .map(|[score, member]| Ok((parse_float(score).ok_or(NOT_A_FLOAT)?, *member)))
        .collect::<Result<Vec<_>, CommandError>>()?;

    let absent = keyspace.get::<SortedSet>(key)?.is_none();
    if absent && options.only_present {
        return Ok(if options.increment { Reply::Nil } else { Reply::Integer(0) });
    }
    let set = keyspace.get_or_create::<SortedSet>(key)?;
    let (mut added, mut changed, mut last) = (0, 0, None);
    for (given, member) in scores {
        let old = set.score(member);
        last = options.new_score(old, given)?;
        let Some(score) = last else { continue };
        match old {
            None => added += 1,
            Some(old) if old != score => changed += 1,
            Some(_) => continue,
        }
        set.insert(member, score);
    }
    Ok(if options.increment {
        last.map_or(Reply::Nil, score_reply)
    } else if options.count_changed {
        Reply::count(added + changed)
    } else {
        Reply::count(added)
    })
}

pub(super) fn score_reply(score: f64) -> Reply {
    Reply::bulk(format_double(score))
}

pub(super) fn zrem(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let key = arguments[0];
    let Some(set) = keyspace.get_mut::<SortedSet>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let removed = arguments[1..].iter().filter(|member| set.remove(member)).count();
    keyspace.remove_if_gone::<SortedSet>(key);
    Ok(Reply::count(removed))
}

pub(super) fn zcard(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let set = keyspace.get::<SortedSet>(arguments[0])?;
    Ok(Reply::count(set.map_or(0, SortedSet::len)))
}

pub(super) fn zscore(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    Ok(keyspace.get::<SortedSet>(arguments[0])?.and_then(|set| set.score(arguments[1])).map_or(Reply::Nil, score_reply))
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, WRONG_TYPE, bulk, error, int, nil};

    #[test]
    fn members_are_added_scored_and_removed() {
        let db = Db::new();
        assert_eq!(db.run("ZADD z 1 a 2.5 b 3 a"), int(2));
        assert_eq!(db.run("ZADD z CH 4 a 5 c"), int(2));
        assert_eq!(db.run("ZADD z CH 4 a"), int(0));
        assert_eq!(db.run("ZCARD z"), int(3));
        assert_eq!(db.run("ZSCORE z b"), bulk("2.5"));
        assert_eq!(db.run("ZSCORE z x"), nil());
        assert_eq!(db.run("ZSCORE none x"), nil());
        assert_eq!(db.run("ZREM z a b x"), int(2));
        assert_eq!(db.run("ZREM z c"), int(1));
        assert_eq!(db.run("EXISTS z"), int(0));
        assert_eq!(db.run("ZCARD z"), int(0));
    }

    #[test]
    fn zadd_keeps_to_its_options() {
        let db = Db::new();
        assert_eq!(db.run("ZADD z XX 1 a"), int(0));
        assert_eq!(db.run("ZADD z XX INCR 1 a"), nil());
        assert_eq!(db.run("EXISTS z"), int(0));
        assert_eq!(db.run("ZADD z NX 1 a"), int(1));
        assert_eq!(db.run("ZADD z NX 9 a"), int(0));
        assert_eq!(db.run("ZADD z GT CH 0 a"), int(0));
        assert_eq!(db.run("ZADD z LT CH 0.5 a"), int(1));
        assert_eq!(db.run("ZADD z INCR 2 a"), bulk("2.5"));
        assert_eq!(db.run("ZADD z NX INCR 2 a"), nil());
        assert_eq!(db.run("ZADD z INCR inf b"), bulk("inf"));
    }

    #[test]
    fn zadd_is_refused_as_redis_refuses_it() {
        let db = Db::new();
        db.run("ZADD z inf a");
        db.run("SET s 1");
        for (command, message) in [
            ("ZADD z 1 a 2", "ERR syntax error"),
            ("ZADD z NX CH", "ERR syntax error"),
            ("ZADD z x a", "ERR value is not a valid float"),
            ("ZADD z nan a", "ERR value is not a valid float"),
            ("ZADD z NX XX 1 a", "ERR XX and NX options at the same time are not compatible"),
            ("ZADD z GT LT 1 a", "ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "ERR INCR option supports a single increment-element pair"),
            ("ZADD z INCR -inf a", "ERR resulting score is not a number (NaN)"),
            ("ZADD s 1 a", WRONG_TYPE),
            ("ZREM s a", WRONG_TYPE),
            ("ZCARD s", WRONG_TYPE),
            ("ZSCORE s a", WRONG_TYPE),
        ] {
            assert_eq!(db.run(command), error(message), "{command}");
        }
    }
}
