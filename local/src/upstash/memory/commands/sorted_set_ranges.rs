//! Ranges of sorted sets, by score and by rank.

use super::lists::index_range;
use super::sorted_sets::score_reply;
use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::memory::number::{integer, parse_float};
use crate::upstash::memory::sorted_set::{Bound, ScoreRange, SortedSet};
use crate::upstash::reply::Reply;

/// Reads `1.5`, `-inf` or `(1.5`, which leaves the bound itself out.
fn bound(text: &[u8]) -> Result<Bound, CommandError> {
    let (number, exclusive) = match text.strip_prefix(b"(") {
        Some(number) => (number, true),
        None => (text, false),
    };
    // Nothing reads as 0, to Redis too.
    let number = if number.is_empty() { b"0" } else { number };
    let score = parse_float(number).ok_or(CommandError::new("ERR min or max is not a float"))?;
    Ok(Bound { score, exclusive })
}

fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, CommandError> {
    Ok(ScoreRange { min: bound(min)?, max: bound(max)? })
}

pub(super) fn zcount(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let range = score_range(arguments[1], arguments[2])?;
    let set = keyspace.get::<SortedSet>(arguments[0])?;
    Ok(Reply::count(set.map_or(0, |set| set.between(range).count())))
}

pub(super) fn zremrangebyscore(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let key = arguments[0];
    let range = score_range(arguments[1], arguments[2])?;
    let Some(set) = keyspace.get_mut::<SortedSet>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let members: Vec<Vec<u8>> = set.between(range).map(|(member, _)| member.to_vec()).collect();
    for member in &members {
        set.remove(member);
    }
    keyspace.remove_if_gone::<SortedSet>(key);
    Ok(Reply::count(members.len()))
}

#[derive(Default)]
struct RangeOptions {
    by_score: bool,
    reversed: bool,
    with_scores: bool,
    /// Offset and count; a negative count is all of them, a negative offset none.
    limit: Option<(i64, i64)>,
}

impl RangeOptions {
    /// BYLEX is not supported and refused like any unknown word.
    fn parse(words: &[&[u8]], is_zrange: bool) -> Result<Self, CommandError> {
        let mut options = Self { by_score: !is_zrange, ..Self::default() };
        let mut rest = words;
        while let [word, after @ ..] = rest {
            rest = after;
            match (word.to_ascii_lowercase().as_slice(), after) {
                (b"withscores", _) => options.with_scores = true,
                (b"limit", [offset, count, after @ ..]) => {
                    options.limit = Some((integer(offset)?, integer(count)?));
                    rest = after;
                }
                (b"byscore", _) if is_zrange => options.by_score = true,
                (b"rev", _) if is_zrange => options.reversed = true,
                _ => return Err(CommandError::SYNTAX),
            }
        }
        if options.limit.is_some() && !options.by_score {
            return Err(CommandError::new(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        Ok(options)
    }

    fn reply<'a>(&self, members: impl Iterator<Item = (&'a [u8], f64)>) -> Reply {
        let mut items = Vec::new();
        for (member, score) in members {
            items.push(Reply::bulk(member));
            if self.with_scores {
                items.push(score_reply(score));
            }
        }
        Reply::Array(items)
    }

    fn by_rank(&self, set: &SortedSet, start: i64, stop: i64) -> Reply {
        let range = index_range(start, stop, set.len());
        let (skipped, taken) = (range.start, range.len());
        if self.reversed {
            self.reply(set.iter().rev().skip(skipped).take(taken))
        } else {
            self.reply(set.iter().skip(skipped).take(taken))
        }
    }

    fn by_score(&self, set: &SortedSet, range: ScoreRange) -> Reply {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        let taken = usize::try_from(count).unwrap_or(usize::MAX);
        let found = set.between(range);
        if self.reversed {
            let found: Vec<_> = found.collect();
            self.reply(found.into_iter().rev().skip(skipped).take(taken))
        } else {
            self.reply(found.skip(skipped).take(taken))
        }
    }
}

pub(super) fn zrange(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    range(keyspace, arguments, true)
}

pub(super) fn zrangebyscore(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    range(keyspace, arguments, false)
}

fn range(keyspace: &mut Keyspace, arguments: &[&[u8]], is_zrange: bool) -> Outcome {
    let (key, first, second) = (arguments[0], arguments[1], arguments[2]);
    let options = RangeOptions::parse(&arguments[3..], is_zrange)?;
    if !options.by_score {
        let (start, stop) = (integer(first)?, integer(second)?);
        let set = keyspace.get::<SortedSet>(key)?;
        return Ok(set.map_or(Reply::Array(Vec::new()), |set| options.by_rank(set, start, stop)));
    }
    // Reversed, the highest score comes first.
    let scores = if options.reversed { score_range(second, first)? } else { score_range(first, second)? };
    let set = keyspace.get::<SortedSet>(key)?;
    Ok(set.map_or(Reply::Array(Vec::new()), |set| options.by_score(set, scores)))
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, WRONG_TYPE, array, bulk, error, int};

    fn scored() -> Db {
        let db = Db::new();
        db.run("ZADD z 1 a 2 b 2 bb 3.5 c inf d");
        db
    }

    #[test]
    fn ranges_by_score_include_their_ends_unless_told() {
        let db = scored();
        for (range, count) in [("-inf +inf", 5), ("1 2", 3), ("(1 (3.5", 2), ("(2 inf", 2), ("3 2", 0), ("(2 2", 0)] {
            assert_eq!(db.run(&format!("ZCOUNT z {range}")), int(count), "{range}");
        }
        assert_eq!(db.run("ZCOUNT none 0 1"), int(0));
        assert_eq!(db.run("ZRANGEBYSCORE z (1 +inf WITHSCORES LIMIT 1 2"), array(["bb", "2", "c", "3.5"].map(bulk)));
        assert_eq!(db.run("ZRANGEBYSCORE z -inf 2 LIMIT 1 -1"), array(["b", "bb"].map(bulk)));
        assert_eq!(db.run("ZRANGEBYSCORE z -inf 2 LIMIT -1 5"), array([]));
    }

    #[test]
    fn ranges_by_rank_count_from_either_end() {
        let db = scored();
        assert_eq!(db.run("ZRANGE z 0 1"), array(["a", "b"].map(bulk)));
        assert_eq!(db.run("ZRANGE z -2 -1 withscores"), array(["c", "3.5", "d", "inf"].map(bulk)));
        assert_eq!(db.run("ZRANGE z 0 1 REV"), array(["d", "c"].map(bulk)));
        assert_eq!(db.run("ZRANGE z (3.5 2 BYSCORE REV LIMIT 0 1"), array([bulk("bb")]));
        assert_eq!(db.run("ZRANGE z 5 9"), array([]));
        assert_eq!(db.run("ZRANGE none 0 -1"), array([]));
    }

    #[test]
    fn a_range_is_removed_whole() {
        let db = scored();
        assert_eq!(db.run("ZREMRANGEBYSCORE z 1 (3.5"), int(3));
        assert_eq!(db.run("ZRANGE z 0 -1"), array(["c", "d"].map(bulk)));
        assert_eq!(db.run("ZREMRANGEBYSCORE z -inf inf"), int(2));
        assert_eq!(db.run("EXISTS z"), int(0));
        assert_eq!(db.run("ZREMRANGEBYSCORE z 0 1"), int(0));
    }

    #[test]
    fn ranges_are_refused_as_redis_refuses_them() {
        let db = scored();
        db.run("SET s 1");
        for (command, message) in [
            ("ZCOUNT z 0 (x", "ERR min or max is not a float"),
            ("ZRANGE z 0 x", "ERR value is not an integer or out of range"),
            ("ZRANGE z 0 1 BYLEX", "ERR syntax error"),
            (
                "ZRANGE z 0 1 LIMIT 0 1",
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ),
            ("ZRANGEBYSCORE z 0 1 LIMIT 0", "ERR syntax error"),
            ("ZRANGEBYSCORE z 0 1 REV", "ERR syntax error"),
            ("ZREMRANGEBYSCORE z 0 y", "ERR min or max is not a float"),
            ("ZCOUNT s 0 1", WRONG_TYPE),
            ("ZRANGE s 0 1", WRONG_TYPE),
            ("ZRANGEBYSCORE s 0 1", WRONG_TYPE),
            ("ZREMRANGEBYSCORE s 0 1", WRONG_TYPE),
        ] {
            assert_eq!(db.run(command), error(message), "{command}");
        }
    }
}
