//! Hashes.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::memory::number::{integer, parse_integer};
use crate::upstash::memory::value::Hash;
use crate::upstash::reply::Reply;

fn field_of(hash: Option<&Hash>, field: &[u8]) -> Reply {
    hash.and_then(|hash| hash.get(field)).map_or(Reply::Nil, |value| Reply::bulk(value.as_slice()))
}

pub(super) fn hget(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    Ok(field_of(keyspace.get(arguments[0])?, arguments[1]))
}

pub(super) fn hmget(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let hash = keyspace.get(arguments[0])?;
    Ok(Reply::Array(arguments[1..].iter().map(|field| field_of(hash, field)).collect()))
}

/// Fields and values in turn.
pub(super) fn hgetall(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let hash = keyspace.get::<Hash>(arguments[0])?;
    Ok(Reply::Array(
        hash.into_iter()
            .flatten()
            .flat_map(|(field, value)| [field, value])
            .map(|bytes| Reply::bulk(bytes.as_slice()))
            .collect(),
    ))
}

/// Answers how many fields are new.
pub(super) fn hset(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (pairs, odd) = arguments[1..].as_chunks::<2>();
    if !odd.is_empty() {
        return Err(CommandError::wrong_arity("hset"));
    }
    let hash = keyspace.get_or_create::<Hash>(arguments[0])?;
    let mut added = 0;
    for [field, value] in pairs {
        match hash.get_mut(*field) {
            Some(old) => {
                old.clear();
                old.extend_from_slice(value);
            }
            None => {
                hash.insert(field.to_vec(), value.to_vec());
                added += 1;
            }
        }
    }
    Ok(Reply::count(added))
}

pub(super) fn hincrby(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let (key, field) = (arguments[0], arguments[1]);
    let by = integer(arguments[2])?;
    let number = match keyspace.get::<Hash>(key)?.and_then(|hash| hash.get(field)) {
        Some(text) => parse_integer(text).ok_or(CommandError::new("ERR hash value is not an integer"))?,
        None => 0,
    };
    let sum = number.checked_add(by).ok_or(CommandError::OVERFLOW)?;
    keyspace.get_or_create::<Hash>(key)?.insert(field.to_vec(), sum.to_string().into_bytes());
    Ok(Reply::Integer(sum))
}

pub(super) fn hdel(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let key = arguments[0];
    let Some(hash) = keyspace.get_mut::<Hash>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let removed = arguments[1..].iter().filter(|field| hash.remove(**field).is_some()).count();
    keyspace.remove_if_gone::<Hash>(key);
    Ok(Reply::count(removed))
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, WRONG_TYPE, array, bulk, error, int, nil};

    #[test]
    fn fields_are_set_and_read() {
        let db = Db::new();
        assert_eq!(db.run("HSET h a 1 b 2 a 3"), int(2));
        assert_eq!(db.run("HSET h a 4 c 5"), int(1));
        assert_eq!(db.run("HGET h a"), bulk("4"));
        assert_eq!(db.run("HGET h x"), nil());
        assert_eq!(db.run("HGET none x"), nil());
        assert_eq!(db.run("HMGET h c x a"), array([bulk("5"), nil(), bulk("4")]));
        assert_eq!(db.run("HMGET none a b"), array([nil(), nil()]));
        assert_eq!(db.run("HGETALL h"), array(["a", "4", "b", "2", "c", "5"].map(bulk)));
        assert_eq!(db.run("HGETALL none"), array([]));
    }

    #[test]
    fn the_last_field_takes_the_key_with_it() {
        let db = Db::new();
        db.run("HSET h a 1 b 2");
        assert_eq!(db.run("HDEL h a x"), int(1));
        assert_eq!(db.run("HDEL h b b"), int(1));
        assert_eq!(db.run("EXISTS h"), int(0));
        assert_eq!(db.run("HDEL h b"), int(0));
    }

    #[test]
    fn fields_count() {
        let db = Db::new();
        assert_eq!(db.run("HINCRBY h n 5"), int(5));
        assert_eq!(db.run("HINCRBY h n -7"), int(-2));
        db.run("HSET h text x max 9223372036854775807");
        assert_eq!(db.run("HINCRBY h text 1"), error("ERR hash value is not an integer"));
        assert_eq!(db.run("HINCRBY h max 1"), error("ERR increment or decrement would overflow"));
        assert_eq!(db.run("HINCRBY h n x"), error("ERR value is not an integer or out of range"));
    }

    #[test]
    fn other_types_and_odd_pairs_are_refused() {
        let db = Db::new();
        db.run("SET s 1");
        for command in ["HGET s a", "HSET s a 1", "HMGET s a", "HGETALL s", "HINCRBY s a 1", "HDEL s a"] {
            assert_eq!(db.run(command), error(WRONG_TYPE), "{command}");
        }
        assert_eq!(db.run("HSET h a 1 b"), error("ERR wrong number of arguments for 'hset' command"));
        assert_eq!(db.run("EXISTS h"), int(0));
    }
}
