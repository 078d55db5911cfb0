//! Lists.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::memory::number::{integer, parse_integer};
use crate::upstash::memory::value::List;
use crate::upstash::reply::Reply;

#[derive(Clone, Copy)]
enum End {
    Left,
    Right,
}

impl End {
    fn parse(word: &[u8]) -> Result<Self, CommandError> {
        if word.eq_ignore_ascii_case(b"left") {
            Ok(Self::Left)
        } else if word.eq_ignore_ascii_case(b"right") {
            Ok(Self::Right)
        } else {
            Err(CommandError::SYNTAX)
        }
    }

    fn push(self, list: &mut List, item: Vec<u8>) {
        match self {
            Self::Left => list.push_front(item),
            Self::Right => list.push_back(item),
        }
    }

    fn pop(self, list: &mut List) -> Option<Vec<u8>> {
        match self {
            Self::Left => list.pop_front(),
            Self::Right => list.pop_back(),
        }
    }
}

pub(super) fn lpush(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    push(keyspace, arguments, End::Left)
}

pub(super) fn rpush(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    push(keyspace, arguments, End::Right)
}

fn push(keyspace: &mut Keyspace, arguments: &[&[u8]], end: End) -> Outcome {
    let list = keyspace.get_or_create::<List>(arguments[0])?;
    for item in &arguments[1..] {
        end.push(list, item.to_vec());
    }
    Ok(Reply::count(list.len()))
}

pub(super) fn lpop(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    pop(keyspace, arguments, End::Left, "lpop")
}

pub(super) fn rpop(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    pop(keyspace, arguments, End::Right, "rpop")
}

/// One item, or an array of up to `count` of them when a count is given.
fn pop(keyspace: &mut Keyspace, arguments: &[&[u8]], end: End, command: &str) -> Outcome {
    let (key, count) = match arguments {
        [key] => (*key, None),
        [key, count] => {
            let count = parse_integer(count)
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(CommandError::new("ERR value is out of range, must be positive"))?;
            (*key, Some(count))
        }
        _ => return Err(CommandError::wrong_arity(command)),
    };
    let Some(list) = keyspace.get_mut::<List>(key)? else {
        return Ok(Reply::Nil);
    };
    let reply = match count {
        None => end.pop(list).map_or(Reply::Nil, Reply::Bulk),
        Some(count) => {
            let taken = (0..count.min(list.len())).filter_map(|_| end.pop(list));
            Reply::Array(taken.map(Reply::Bulk).collect())
        }
    };
    keyspace.remove_if_gone::<List>(key);
    Ok(reply)
}

pub(super) fn llen(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let list = keyspace.get::<List>(arguments[0])?;
    Ok(Reply::count(list.map_or(0, List::len)))
}

/// The position that an index names, which counts from the end when it is negative; it may lie outside.
fn position(index: i64, len: usize) -> i64 {
    if index < 0 { index.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)) } else { index }
}

/// The positions from `start` to `stop`, both included, that exist among `len` items.
pub(super) fn index_range(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let from = usize::try_from(position(start, len)).unwrap_or(0);
    let to = usize::try_from(position(stop, len).saturating_add(1)).unwrap_or(0).min(len);
    from.min(to)..to
}

pub(super) fn lrange(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (start, stop) = (integer(arguments[1])?, integer(arguments[2])?);
    let Some(list) = keyspace.get::<List>(arguments[0])? else {
        return Ok(Reply::Array(Vec::new()));
    };
    Ok(Reply::Array(
        list.range(index_range(start, stop, list.len())).map(|item| Reply::bulk(item.as_slice())).collect(),
    ))
}

pub(super) fn lindex(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let Some(list) = keyspace.get::<List>(arguments[0])? else {
        return Ok(Reply::Nil);
    };
    let position = position(integer(arguments[1])?, list.len());
    Ok(usize::try_from(position)
        .ok()
        .and_then(|position| list.get(position))
        .map_or(Reply::Nil, |item| Reply::bulk(item.as_slice())))
}

/// Removes up to |count| items that equal the value: the first ones, the last ones if the count is negative, all if it is 0.
pub(super) fn lrem(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (key, value) = (arguments[0], arguments[2]);
    let count = integer(arguments[1])?;
    let Some(list) = keyspace.get_mut::<List>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let found = list.iter().filter(|item| *item == value).count();
    let limit = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let removed = if count == 0 { found } else { found.min(limit) };
    let spared = if count < 0 { found - removed } else { 0 };
    let mut seen = 0;
    list.retain(|item| {
        if item != value {
            return true;
        }
        seen += 1;
        seen <= spared || seen > spared + removed
    });
    keyspace.remove_if_gone::<List>(key);
    Ok(Reply::count(removed))
}

pub(super) fn lmove(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (source, destination) = (arguments[0], arguments[1]);
    let (from, to) = (End::parse(arguments[2])?, End::parse(arguments[3])?);
    if keyspace.get::<List>(source)?.is_none() {
        return Ok(Reply::Nil);
    }
    // The types of both keys are checked before either is touched.
    keyspace.get::<List>(destination)?;
    let Some(item) = keyspace.get_mut::<List>(source)?.and_then(|list| from.pop(list)) else {
        return Ok(Reply::Nil);
    };
    to.push(keyspace.get_or_create(destination)?, item.clone());
    keyspace.remove_if_gone::<List>(source);
    Ok(Reply::Bulk(item))
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, WRONG_TYPE, array, bulk, error, int, nil};

    #[test]
    fn items_come_out_of_the_end_they_are_taken_from() {
        let db = Db::new();
        assert_eq!(db.run("RPUSH l b c"), int(2));
        assert_eq!(db.run("LPUSH l a z"), int(4));
        assert_eq!(db.run("LLEN l"), int(4));
        assert_eq!(db.run("LPOP l"), bulk("z"));
        assert_eq!(db.run("RPOP l"), bulk("c"));
        assert_eq!(db.run("LPOP l 0"), array([]));
        assert_eq!(db.run("RPOP l 9"), array([bulk("b"), bulk("a")]));
        assert_eq!(db.run("EXISTS l"), int(0));
        assert_eq!(db.run("LPOP l"), nil());
        assert_eq!(db.run("LPOP l 2"), nil());
        assert_eq!(db.run("LLEN l"), int(0));
    }

    #[test]
    fn ranges_count_from_either_end() {
        let db = Db::new();
        db.run("RPUSH l a b c d");
        for (range, items) in [
            ("0 -1", vec!["a", "b", "c", "d"]),
            ("1 2", vec!["b", "c"]),
            ("-2 99", vec!["c", "d"]),
            ("-99 0", vec!["a"]),
            ("3 1", vec![]),
            ("4 9", vec![]),
            ("0 -9", vec![]),
            ("-9223372036854775808 9223372036854775807", vec!["a", "b", "c", "d"]),
        ] {
            let reply = array(items.into_iter().map(bulk));
            assert_eq!(db.run(&format!("LRANGE l {range}")), reply, "{range}");
        }
        assert_eq!(db.run("LINDEX l -1"), bulk("d"));
        assert_eq!(db.run("LINDEX l 4"), nil());
        assert_eq!(db.run("LINDEX l -5"), nil());
    }

    #[test]
    fn lrem_removes_from_the_side_its_count_names() {
        for (count, removed, left) in [
            (1, 1, vec!["b", "a", "c", "a"]),
            (-1, 1, vec!["a", "b", "a", "c"]),
            (-2, 2, vec!["a", "b", "c"]),
            (0, 3, vec!["b", "c"]),
            (9, 3, vec!["b", "c"]),
        ] {
            let db = Db::new();
            db.run("RPUSH l a b a c a");
            assert_eq!(db.run(&format!("LREM l {count} a")), int(removed));
            assert_eq!(db.run("LRANGE l 0 -1"), array(left.into_iter().map(bulk)));
        }
        assert_eq!(Db::new().run("LREM none 0 a"), int(0));
    }

    #[test]
    fn lmove_moves_one_item() {
        let db = Db::new();
        db.run("RPUSH a 1 2");
        assert_eq!(db.run("LMOVE a b RIGHT left"), bulk("2"));
        assert_eq!(db.run("LMOVE a a LEFT RIGHT"), bulk("1"));
        assert_eq!(db.run("LMOVE a b LEFT LEFT"), bulk("1"));
        assert_eq!(db.run("EXISTS a"), int(0));
        assert_eq!(db.run("LRANGE b 0 -1"), array([bulk("1"), bulk("2")]));
        assert_eq!(db.run("LMOVE a b LEFT LEFT"), nil());
        assert_eq!(db.run("LMOVE a b LEFT UP"), error("ERR syntax error"));
        db.run("SET s 1");
        assert_eq!(db.run("LMOVE b s LEFT LEFT"), error(WRONG_TYPE));
        assert_eq!(db.run("LLEN b"), int(2));
    }

    #[test]
    fn lists_are_refused_as_redis_refuses_them() {
        let db = Db::new();
        db.run("SET s 1");
        for command in
            ["LPUSH s a", "RPUSH s a", "LPOP s", "RPOP s 1", "LLEN s", "LRANGE s 0 1", "LREM s 0 a", "LINDEX s 0"]
        {
            assert_eq!(db.run(command), error(WRONG_TYPE), "{command}");
        }
        for (command, message) in [
            ("LPOP l -1", "ERR value is out of range, must be positive"),
            ("LPOP l x", "ERR value is out of range, must be positive"),
            ("RPOP l 1 2", "ERR wrong number of arguments for 'rpop' command"),
            ("LRANGE l 0 x", "ERR value is not an integer or out of range"),
            ("LREM l x a", "ERR value is not an integer or out of range"),
        ] {
            assert_eq!(db.run(command), error(message), "{command}");
        }
    }
}
