//! An installed Postgres, found and run as a child process on a Unix socket.
//!
//! A small shell process, the keeper, waits on a pipe that only this program holds open. However this program ends
//! (a clean stop, a panic, kill -9), the pipe closes, and the keeper stops the server and removes its scratch folder.
use super::DatabaseError;
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a server may take to accept connections (recovery after a crash included).
const START: Duration = Duration::from_secs(60);

/// How long to wait for the server of a program that was just killed to let go of the data.
const HANDOVER: Duration = Duration::from_secs(5);

/// Supabase's locale; elsewhere than on Linux a system may lack it.
const LOCALE: &str = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };

/// Waits for its standard input to close, then stops the server `$1` and removes the folder `$3` once the server has
/// removed its lock file `$2`.
const KEEPER: &str = r#"
trap '' HUP INT TERM
read -r _
kill -INT "$1" 2>/dev/null
n=0
while [ -e "$2" ] && [ "$n" -lt 600 ]; do sleep 0.05; n=$((n + 1)); done
rm -rf "$3"
"#;

/// A running server. Dropping it stops it, and removes its data if those are temporary.
pub(super) struct Installed {
    server: Child,
    keeper: Child,
    pipe: Option<ChildStdin>,
    socket_dir: PathBuf,
}

impl Installed {
    /// Starts the server whose programs are in `bin`. With a `dir` its data live there and commits are durable; without
    /// one everything is temporary and nothing waits for the disk. Blocks until connections are accepted.
    pub(super) fn start(bin: &Path, dir: Option<&Path>) -> Result<Installed, DatabaseError> {
        let user = User::for_server()?;
        let scratch = tempfile::Builder::new()
            .prefix("gateway-postgres-")
            .tempdir()
            .map_err(DatabaseError::io(&std::env::temp_dir()))?;
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
        if user.0.is_some() && !can_serve(&home) {
            return Err(DatabaseError::Unreachable(home));
        }
        let data = home.join("data");
        if !data.exists() {
            create_cluster(bin, &user, &home, &data)?;
        }
        let socket_dir = scratch.keep();
        let since = Instant::now();
        loop {
            match Self::spawn(bin, &user, &home, &socket_dir, dir.is_some()) {
                // The server of a program that was killed a moment ago still holds the data.
                Err(DatabaseError::Start(log)) if log.contains("postmaster.pid") && since.elapsed() < HANDOVER => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                other => return other,
            }
        }
    }

    fn spawn(
        bin: &Path,
        user: &User,
        home: &Path,
        socket_dir: &Path,
        durable: bool,
    ) -> Result<Installed, DatabaseError> {
        let data = home.join("data");
        let log = home.join("postgres.log");
        let log_file = fs::File::create(&log).map_err(DatabaseError::io(&log))?;
        let mut command = user.command(bin, "postgres", home);
        command.arg("-D").arg(&data).arg("-k").arg(socket_dir);
        let on_disk = if durable { "on" } else { "off" };
        for setting in [
            "listen_addresses=",
            "port=5432",
            "max_connections=200",
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
        let mut installed = Self::keep(server, &data.join("postmaster.pid"), socket_dir)?;
        let since = Instant::now();
        loop {
            if installed.is_ready(&data) {
                return Ok(installed);
            }
            let ended = installed.server.try_wait().map_err(DatabaseError::io(&log))?;
            if ended.is_some() || since.elapsed() > START {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(DatabaseError::Start(said));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn keep(mut server: Child, lock: &Path, scratch: &Path) -> Result<Installed, DatabaseError> {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "gateway-postgres-keeper"])
            .arg(server.id().to_string())
            .args([lock, scratch])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match keeper {
            Ok(mut keeper) => {
                Ok(Installed { pipe: keeper.stdin.take(), server, keeper, socket_dir: scratch.to_owned() })
            }
            Err(source) => {
                // Nothing would stop it later, and killing it is safe: it has no data yet that it could lose.
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

    /// The connection string of a database on this server.
    pub(super) fn url(&self, database: &str) -> String {
        let host = self.socket_dir.display();
        format!("host='{host}' port=5432 user=postgres dbname={database}")
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        drop(self.pipe.take());
        for child in [&mut self.server, &mut self.keeper] {
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

/// Finds the folder of an installed server's programs: `PG_BIN`, else `PATH`, else the newest of the usual folders.
pub(super) fn find(env: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(bin) = env("PG_BIN") {
        return programs(Path::new(&bin));
    }
    let on_path = env("PATH").and_then(|path| std::env::split_paths(&path).find_map(|folder| programs(&folder)));
    on_path.or_else(|| {
        ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"]
            .iter()
            .filter_map(|root| fs::read_dir(root).ok())
            .flatten()
            .flatten()
            .filter_map(|entry| programs(&entry.path().join("bin")))
            .max_by_key(|bin| version(bin))
    })
}

/// The real folder of the programs, since a server finds its other files relative to it: on `PATH` may be links.
fn programs(folder: &Path) -> Option<PathBuf> {
    let real = folder.join("postgres").canonicalize().ok()?;
    let folder = real.parent()?;
    folder.join("initdb").is_file().then(|| folder.to_owned())
}

/// The version in a path such as `/usr/lib/postgresql/17/bin`.
fn version(bin: &Path) -> u32 {
    bin.to_string_lossy()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .max()
        .unwrap_or(0)
}

/// Whether a server started from here could use `dir`: started as root it runs as another user, who must be able to
/// enter every folder above.
pub(super) fn can_serve(dir: &Path) -> bool {
    let Ok(dir) = std::path::absolute(dir) else {
        return false;
    };
    !is_root()
        || dir
            .ancestors()
            .skip(1)
            .filter(|folder| folder.exists())
            .all(|folder| fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

/// Asks `id`, which knows every user database of the system without a line of unsafe code.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().parse().ok()
}

/// The user that the server runs as, where it cannot be the present one: Postgres refuses root.
struct User(Option<(u32, u32)>);

impl User {
    fn for_server() -> Result<User, DatabaseError> {
        if !is_root() {
            return Ok(User(None));
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
            .map(|user| User(Some(user)))
            .ok_or_else(|| DatabaseError::Start("it refuses root, and there is no user postgres or nobody".to_owned()))
    }

    /// Gives a folder to this user alone.
    fn own(&self, folder: &Path) -> Result<(), DatabaseError> {
        if let Some((user, group)) = self.0 {
            chown(folder, Some(user), Some(group)).map_err(DatabaseError::io(folder))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(DatabaseError::io(folder))
    }

    fn command(&self, bin: &Path, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(bin.join(program));
        command.current_dir(folder).env("LC_ALL", LOCALE).env("TZ", "UTC").stdin(Stdio::null());
        if let Some((user, group)) = self.0 {
            command.gid(group).uid(user);
        }
        command
    }
}
