//! A client of a real Redis.

mod resp;
mod server;

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::{Buf, BytesMut};
use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::reply::Reply;
use resp::{Parsed, encode, parse};
pub use server::{RedisServer, spawn_redis_server};

/// How many connections are kept when no command uses them.
const MAX_IDLE: usize = 32;

/// Where a Redis is, from its URL.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
}

/// Why a `REDIS_URL` cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("REDIS_URL must be redis://[[user]:password@]host[:port][/database], without TLS and without percent escapes")]
pub struct BadRedisUrl;

impl Address {
    fn parse(url: &str) -> Result<Self, BadRedisUrl> {
        let uri: Uri = url.parse().map_err(|_| BadRedisUrl)?;
        let authority = uri.authority().ok_or(BadRedisUrl)?;
        let unsupported = uri.scheme_str() != Some("redis") || url.contains('%') || uri.query().is_some();
        if unsupported || authority.host().is_empty() {
            return Err(BadRedisUrl);
        }
        let credentials = authority.as_str().rsplit_once('@').map(|(before, _)| before);
        let (user, password) = match credentials {
            Some(credentials) => {
                let (user, password) = credentials.split_once(':').ok_or(BadRedisUrl)?;
                let user = (!user.is_empty()).then(|| user.to_owned());
                (user, Some(password.to_owned()))
            }
            None => (None, None),
        };
        let database = uri.path().trim_start_matches('/');
        Ok(Self {
            // Brackets belong to the URL, not to the address.
            host: authority.host().trim_matches(|bracket| bracket == '[' || bracket == ']').to_owned(),
            port: authority.port_u16().unwrap_or(6379),
            user,
            password,
            database: (!database.is_empty()).then(|| database.to_owned()),
        })
    }
}

/// A connection on which no command is under way.
struct Connection {
    stream: TcpStream,
    received: BytesMut,
}

impl Connection {
    async fn open(address: &Address) -> io::Result<Self> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, received: BytesMut::new() };
        if let Some(password) = &address.password {
            let credentials = address.user.iter().chain([password]);
            let words: Vec<&[u8]> =
                [b"AUTH".as_slice()].into_iter().chain(credentials.map(|word| word.as_bytes())).collect();
            connection.call_or_fail(&words).await?;
        }
        if let Some(database) = &address.database {
            connection.call_or_fail(&[b"SELECT", database.as_bytes()]).await?;
        }
        Ok(connection)
    }

    async fn call_or_fail(&mut self, command: &[&[u8]]) -> io::Result<()> {
        match self.call(command).await? {
            Reply::Error(message) => Err(io::Error::other(message.into_owned())),
            _ => Ok(()),
        }
    }

    async fn call(&mut self, command: &[&[u8]]) -> io::Result<Reply> {
        self.stream.write_all(&encode(command)).await?;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match parse(&self.received) {
                Parsed::Integer(reply, length) => {
                    self.received.advance(length);
                    return Ok(reply);
                }
                Parsed::Partial => {}
                Parsed::Garbage => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}

/// Connections to one Redis: as many as there are commands at once.
pub(super) struct Redis {
    address: Address,
    idle: Mutex<Vec<Connection>>,
}

impl Redis {
    /// # Errors
    /// When the URL is not of the form that [`BadRedisUrl`] names.
    pub(super) fn new(url: &str) -> Result<Self, BadRedisUrl> {
        Ok(Self { address: Address::parse(url)?, idle: Mutex::default() })
    }

    /// Sends a command. It is never sent twice: a command of which the answer was lost may have run.
    ///
    /// # Errors
    /// When Redis cannot be reached, or drops the connection. The other idle connections are dropped too then, since they
    /// led to the same server.
    pub(super) async fn execute(&self, command: &[&[u8]]) -> io::Result<Reply> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.address).await?,
        };
        // A connection that is dropped here, by an error or because the caller is gone, does not come back to the pool:
        // a reply may still be on its way on it.
        let reply = connection.call(command).await.inspect_err(|_| self.idle().clear())?;
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        Ok(reply)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port, user: None, password: None, database: None }
    }

    #[test]
    fn urls_are_read() {
        let some = |text: &str| Some(text.to_owned());
        for (url, expected) in [
            ("redis://localhost", address("localhost", 6379)),
            ("redis://[::1]:7000/", address("::1", 7000)),
            (
                "redis://:secret@redis.test:1/3",
                Address { password: some("secret"), database: some("3"), ..address("redis.test", 1) },
            ),
            (
                "redis://me:secret@redis.test",
                Address { user: some("me"), password: some("secret"), ..address("redis.test", 6379) },
            ),
        ] {
            assert_eq!(Address::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn urls_that_ask_for_more_are_refused() {
        for url in [
            "",
            "localhost:6379",
            "rediss://localhost",
            "unix:///tmp/redis.sock",
            "redis://secret@localhost",
            "redis://:a%40b@localhost",
            "redis://localhost?protocol=3",
        ] {
            assert_eq!(Address::parse(url), Err(BadRedisUrl), "{url}");
        }
    }

    async fn run(redis: &Redis, command: &str) -> io::Result<Reply> {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        redis.execute(&words).await
    }

    #[tokio::test]
    async fn credentials_and_database_are_used() {
        let Some(server) = spawn_redis_server() else {
            crate::skipped("credentials_and_database_are_used");
            return;
        };
        let open = Redis::new(&server.url()).unwrap();
        run(&open, "SET where database-0").await.unwrap();
        run(&open, "CONFIG SET requirepass secret").await.unwrap();

        let url = |credentials: &str| server.url().replace("//", &format!("//{credentials}@"));
        let redis = Redis::new(&format!("{}/3", url("default:secret"))).unwrap();
        assert_eq!(run(&redis, "GET where").await.unwrap(), Reply::Nil);
        let redis = Redis::new(&url(":secret")).unwrap();
        let value = run(&redis, "GET where").await.unwrap();
        assert_eq!(value, Reply::bulk(*b"database-0"));
        let redis = Redis::new(&url(":wrong")).unwrap();
        let refused = run(&redis, "GET where").await.unwrap_err();
        assert!(refused.to_string().starts_with("WRONGPASS"), "{refused}");
    }

    #[tokio::test]
    async fn the_answer_to_an_abandoned_call_reaches_no_other() {
        let Some(server) = spawn_redis_server() else {
            crate::skipped("the_answer_to_an_abandoned_call_reaches_no_other");
            return;
        };
        let redis = Redis::new(&server.url()).unwrap();
        for _ in 0..20 {
            run(&redis, "PING").await.unwrap();
            // Polled once: the command is sent on the connection of the PING, its answer rarely read.
            drop(run(&redis, "ECHO stale").now_or_never());
            let fresh = run(&redis, "ECHO fresh").await.unwrap();
            assert_eq!(fresh, Reply::bulk(*b"fresh"));
        }
    }

    #[tokio::test]
    async fn after_a_restart_the_old_connections_are_forgotten() {
        let Some(server) = spawn_redis_server() else {
            crate::skipped("after_a_restart_the_old_connections_are_forgotten");
            return;
        };
        let redis = Redis::new(&server.url()).unwrap();
        let both = futures_util::future::join(run(&redis, "PING"), run(&redis, "PING"));
        assert!(matches!(both.await, (Ok(_), Ok(_))));
        run(&redis, "CLIENT KILL TYPE normal SKIPME no").await.unwrap_or(Reply::Nil);
        // The first call may find that its connection is closed, but no later one does.
        drop(run(&redis, "PING").await);
        for _ in 0..3 {
            assert!(run(&redis, "PING").await.is_ok());
        }
    }
}
