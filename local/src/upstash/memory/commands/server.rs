//! Commands about the server itself.

use crate::upstash::memory::error::{CommandError, Outcome};
use crate::upstash::memory::keyspace::Keyspace;
use crate::upstash::reply::Reply;

pub(super) fn ping(_: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    match arguments {
        [] => Ok(Reply::Status("PONG".into())),
        [message] => Ok(Reply::bulk(*message)),
        _ => Err(CommandError::wrong_arity("ping")),
    }
}

/// Seconds since the epoch, and the microseconds within that second.
pub(super) fn time(keyspace: &mut Keyspace, _: &[&[u8]]) -> Outcome {
    let now = keyspace.now_micros();
    let parts = [now.div_euclid(1_000_000), now.rem_euclid(1_000_000)];
    Ok(Reply::Array(parts.iter().map(|part| Reply::bulk(part.to_string())).collect()))
}

pub(super) fn flushdb(keyspace: &mut Keyspace, arguments: &[&[u8]]) -> Outcome {
    let modes: [&[u8]; 2] = [b"async", b"sync"];
    match arguments {
        [] => {}
        [mode] if modes.iter().any(|known| mode.eq_ignore_ascii_case(known)) => {}
        _ => return Err(CommandError::SYNTAX),
    }
    keyspace.clear();
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::upstash::memory::testing::{Db, array, bulk, error, int, ok, status};

    #[test]
    fn ping_echoes_its_message() {
        let db = Db::new();
        assert_eq!(db.run("PING"), status("PONG"));
        assert_eq!(db.run("ping hello"), bulk("hello"));
        assert_eq!(db.run("PING a b"), error("ERR wrong number of arguments for 'ping' command"));
    }

    #[test]
    fn time_is_the_clock_s() {
        let db = Db::at(1_700_000_000_123);
        assert_eq!(db.run("TIME"), array([bulk("1700000000"), bulk("123000")]));
    }

    #[test]
    fn flushdb_removes_every_key() {
        let db = Db::new();
        db.run("SET a 1");
        assert_eq!(db.run("FLUSHDB soon"), error("ERR syntax error"));
        assert_eq!(db.run("EXISTS a"), int(1));
        assert_eq!(db.run("FLUSHDB async"), ok());
        assert_eq!(db.run("EXISTS a"), int(0));
    }
}
