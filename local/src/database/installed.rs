//! An installed Postgres, run as a child process on a Unix socket.
//!
//! A small shell process, the keeper, waits on a pipe that only this program holds open. However this program ends
//! (a clean stop, a panic, kill -9), the pipe closes, and the keeper stops the server and removes its scratch folder.
use super::{
    DatabaseError, Server, scratch,
    user::{LOCALE, User, can_serve},
};
use std::{
    fs,
    os::unix::{net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a server may take to accept connections (recovery after a crash included).
const START: Duration = Duration::from_secs(60);

/// How long to wait for the server of a program that was just killed to let go of the data.
const HANDOVER: Duration = Duration::from_secs(5);

/// Waits for its standard input to close, then stops the server `$1`, and removes the folder `$3` once the server's
/// process id is gone from its lock file `$2`, or the server itself: one that was killed leaves its lock file behind.
const KEEPER: &str = r#"
trap '' HUP INT TERM
read -r _
kill -INT "$1" 2>/dev/null
n=0
while [ "$(head -n 1 "$2" 2>/dev/null)" = "$1" ] && kill -0 "$1" 2>/dev/null && [ "$n" -lt 600 ]; do
    sleep 0.05
    n=$((n + 1))
done
rm -rf "$3"
"#;

/// A running server. Dropping it stops it, and removes its data if those are temporary.
pub(super) struct Installed {
    server: Mutex<Child>,
    keeper: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
    socket_dir: PathBuf,
}

impl Installed {
    /// Starts the server whose programs are in `bin`. With a `dir` its data live there and commits are durable; without
    /// one everything is temporary and nothing waits for the disk. Blocks until connections are accepted.
    pub(super) fn start(bin: &Path, dir: Option<&Path>) -> Result<Installed, DatabaseError> {
        let user = User::for_server()?;
        let since = Instant::now();
        loop {
            match Self::attempt(bin, &user, dir) {
                // The server of a program that was killed a moment ago still holds the data.
                Err(DatabaseError::Start(log)) if log.contains("postmaster.pid") && since.elapsed() < HANDOVER => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                other => return other,
            }
        }
    }

    fn attempt(bin: &Path, user: &User, dir: Option<&Path>) -> Result<Installed, DatabaseError> {
        let scratch = scratch::folder("gateway-postgres-")?;
        user.own(scratch.path())?;
        let home = match dir {
            Some(dir) => {
                let home = dir.join("postgres");
                fs::create_dir_all(&home).map_err(DatabaseError::io(&home))?;
                let home = home.canonicalize().map_err(DatabaseError::io(&home))?;
                user.own(&home)?;
                home
            }
            None => scratch.path().to_owned(),
        };
        if !can_serve(&home) {
            return Err(DatabaseError::Unreachable(home));
        }
        let data = home.join("data");
        if !data.exists() {
            create_cluster(bin, user, &home, &data)?;
        }
        Self::spawn(bin, user, &home, scratch, dir.is_some())
    }

    fn spawn(
        bin: &Path,
        user: &User,
        home: &Path,
        scratch: TempDir,
        durable: bool,
    ) -> Result<Installed, DatabaseError> {
        let data = home.join("data");
        let log = home.join("postgres.log");
        let log_file = fs::File::create(&log).map_err(DatabaseError::io(&log))?;
        let mut command = user.command(bin, "postgres", home);
        command.arg("-D").arg(&data).arg("-k").arg(scratch.path());
        let on_disk = if durable { "on" } else { "off" };
        for setting in [
            "listen_addresses=",
            "port=5432",
            "max_connections=1000",
            "shared_buffers=64MB",
            "timezone=UTC",
            "jit=off",
            &format!("fsync={on_disk}"),
            &format!("synchronous_commit={on_disk}"),
            &format!("full_page_writes={on_disk}"),
        ] {
            command.arg("-c").arg(setting);
        }
        // Its own process group: Ctrl-C is for this program, which first finishes what it is doing.
        let server = command
            .stdout(Stdio::null())
            .stderr(log_file)
            .process_group(0)
            .spawn()
            .map_err(DatabaseError::io(&bin.join("postgres")))?;
        let installed = Self::keep(server, &data.join("postmaster.pid"), log.clone(), scratch)?;
        let since = Instant::now();
        loop {
            if installed.is_ready(&data) {
                return Ok(installed);
            }
            let ended = installed.server().try_wait().map_err(DatabaseError::io(&log))?;
            if ended.is_some() || since.elapsed() > START {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(DatabaseError::Start(said));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn keep(mut server: Child, lock: &Path, log: PathBuf, scratch: TempDir) -> Result<Installed, DatabaseError> {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "gateway-postgres-keeper"])
            .arg(server.id().to_string())
            .args([lock, scratch.path()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match keeper {
            Ok(mut keeper) => {
                let pipe = keeper.stdin.take();
                Ok(Installed { server: Mutex::new(server), keeper, pipe, log, socket_dir: scratch.keep() })
            }
            Err(source) => {
                // Nothing would stop it later. Whatever this does to its data, Postgres recovers from.
                server.kill().map_err(DatabaseError::io(Path::new("postgres")))?;
                let path = PathBuf::from("sh");
                Err(DatabaseError::Io { path, source })
            }
        }
    }

    fn is_ready(&self, data: &Path) -> bool {
        let status = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        status.contains("ready") && UnixStream::connect(self.socket_dir.join(".s.PGSQL.5432")).is_ok()
    }

    fn server(&self) -> MutexGuard<'_, Child> {
        // It is only waited for under the lock: no panic leaves it half changed.
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection string of a database on this server.
    pub(super) fn url(&self, database: &str) -> String {
        let host = self.socket_dir.display();
        format!("host='{host}' port=5432 user=postgres dbname={database}")
    }
}

impl Server for Installed {
    fn ended(&self) -> Option<DatabaseError> {
        let status = self.server().try_wait().ok()??;
        Some(DatabaseError::Ended { status, log: self.log.clone() })
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let server = self.server.get_mut().unwrap_or_else(PoisonError::into_inner);
        for child in [server, &mut self.keeper] {
            if let Err(error) = child.wait() {
                tracing::warn!(%error, "the local Postgres could not be awaited");
            }
        }
    }
}

/// Makes a new cluster of databases. `initdb` works beside the final folder, so one that is cut short leaves nothing
/// that looks like a cluster.
fn create_cluster(bin: &Path, user: &User, home: &Path, data: &Path) -> Result<(), DatabaseError> {
    let fresh = home.join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(DatabaseError::io(&fresh))?;
    }
    let output = user
        .command(bin, "initdb", home)
        .arg("-D")
        .arg(&fresh)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"])
        .arg(format!("--locale={LOCALE}"))
        .args(["--no-sync", "--no-instructions"])
        .output()
        .map_err(DatabaseError::io(&bin.join("initdb")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(DatabaseError::Start(said));
    }
    fs::rename(&fresh, data).map_err(DatabaseError::io(data))
}
