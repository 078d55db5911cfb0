//! An installed redis-server, started for the time of a test.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a redis-server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Another process may take the free port between its choice and its use.
const ATTEMPTS: u32 = 3;

/// A redis-server of one's own, empty and without persistence. It stops when this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    address: SocketAddr,
    /// Its working directory, removed with it.
    _directory: TempDir,
}

impl RedisServer {
    /// `redis://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    fn start() -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new("redis-server")
            .args(["--port", &address.port().to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { process, address, _directory: directory };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status}")));
            }
            match ping(self.address) {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn ping(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, START_LIMIT)?;
    stream.set_read_timeout(Some(START_LIMIT))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    if answer == *b"+PONG\r\n" { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Starts the redis-server that is on the PATH, on a free port. Blocks until it answers.
///
/// `None`, and a line on stderr that says why, when there is none or it does not start: a test that needs one is then to skip,
/// as loudly.
pub fn spawn_redis_server() -> Option<RedisServer> {
    let mut attempt = 1;
    loop {
        match RedisServer::start() {
            Ok(server) => return Some(server),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                eprintln!("no redis-server on the PATH");
                return None;
            }
            Err(error) if attempt == ATTEMPTS => {
                eprintln!("redis-server does not start: {error}");
                return None;
            }
            Err(_) => attempt += 1,
        }
    }
}
