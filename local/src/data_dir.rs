//! The directory in which data and secrets are kept: held by one running gateway at a time, and recognised as the
//! gateway's own before anything in it is deleted.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file that marks a directory as the gateway's and that a running one holds locked. It has the process's id.
const LOCK: &str = "gateway.lock";

/// All that the gateway makes in it beside the lock, and all that is ever deleted.
const OWN: [&str; 2] = ["seed", "database"];

/// How long to wait for the database of a gateway that was killed a moment ago to write its last.
const HANDOVER: Duration = Duration::from_secs(5);

/// A directory that this process alone uses until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Takes the directory, which is made if it is not there.
    ///
    /// # Errors
    /// When another gateway runs on it, when it holds files of somebody else, or when it cannot be written.
    pub fn hold(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir).map_err(about(dir))?;
        let path = dir.canonicalize().map_err(about(dir))?;
        if !is_own(&path)? {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "{} holds files that are not the gateway's; give an empty or a new directory with --dir",
                    dir.display()
                ),
            ));
        }
        let lock_path = path.join(LOCK);
        let mut lock = File::options().read(true).write(true).create(true).truncate(false).open(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder)?;
                return Err(io::Error::new(
                    ErrorKind::AddrInUse,
                    format!(
                        "{} is in use by a running gateway (process {}); stop that one, or give another directory \
                         with --dir",
                        dir.display(),
                        holder.trim()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(about(&lock_path)(error)),
        }
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(Self { path, _lock: lock })
    }

    /// Its path, without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes what earlier runs of the gateway made, and nothing else.
    ///
    /// # Errors
    /// When something cannot be deleted.
    pub fn forget(&self) -> io::Result<()> {
        let since = Instant::now();
        for name in OWN {
            let path = self.path.join(name);
            loop {
                let removed = match fs::symlink_metadata(&path) {
                    Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path),
                    Ok(_) => fs::remove_file(&path),
                    Err(error) => Err(error),
                };
                match removed {
                    Ok(()) => break,
                    Err(error) if error.kind() == ErrorKind::NotFound && !path.exists() => break,
                    // A database that is still stopping adds files to folders while they are emptied.
                    Err(error)
                        if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound)
                            && since.elapsed() < HANDOVER =>
                    {
                        std::thread::sleep(Duration::from_millis(50));
                    }
                    Err(error) => return Err(about(&path)(error)),
                }
            }
        }
        Ok(())
    }
}

/// Whether nobody but the gateway has put anything there: it is marked, or empty, or holds a seed and at most a database
/// beside it, as the gateway left them before it marked its directories.
fn is_own(path: &Path) -> io::Result<bool> {
    if path.join(LOCK).is_file() {
        return Ok(true);
    }
    let names = fs::read_dir(path)
        .map_err(about(path))?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(about(path))?;
    let has_seed = fs::metadata(path.join(OWN[0])).is_ok_and(|meta| meta.is_file() && meta.len() == 32);
    Ok(names.is_empty() || has_seed && names.iter().all(|name| OWN.iter().any(|own| name == own)))
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_gateway_keeps_everyone_else_out() {
        let scratch = tempfile::tempdir().expect("a directory");
        let held = DataDir::hold(&scratch.path().join("data")).expect("a new directory");
        let refused = DataDir::hold(held.path()).expect_err("held").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        let path = held.path().to_owned();
        drop(held);
        DataDir::hold(&path).expect("let go");
    }

    #[test]
    fn a_strangers_directory_is_refused_and_untouched() {
        let stranger = tempfile::tempdir().expect("a directory");
        // Names like the gateway's own do not make it the gateway's.
        fs::create_dir(stranger.path().join("database")).expect("a folder");
        fs::write(stranger.path().join("thesis.txt"), "years of work").expect("a file");
        let refused = DataDir::hold(stranger.path()).expect_err("a stranger's").to_string();
        assert!(refused.contains("not the gateway's") && refused.contains("--dir"), "{refused}");
        let mut left: Vec<_> = fs::read_dir(stranger.path()).expect("it").flatten().map(|it| it.file_name()).collect();
        left.sort();
        assert_eq!(left, ["database", "thesis.txt"]);
    }

    #[test]
    fn forgetting_deletes_the_gateways_files_and_no_others() {
        let scratch = tempfile::tempdir().expect("a directory");
        let elsewhere = tempfile::tempdir().expect("a directory");
        fs::write(elsewhere.path().join("kept"), "").expect("a file");
        let held = DataDir::hold(scratch.path()).expect("an empty directory");
        fs::write(held.path().join("seed"), [0; 32]).expect("a seed");
        // A link is forgotten, and what it leads to is not.
        std::os::unix::fs::symlink(elsewhere.path(), held.path().join("database")).expect("a link");
        fs::write(held.path().join("notes.txt"), "").expect("a file");
        held.forget().expect("gone");
        let mut left: Vec<_> = fs::read_dir(held.path()).expect("it").flatten().map(|it| it.file_name()).collect();
        left.sort();
        assert_eq!(left, [LOCK, "notes.txt"]);
        assert!(elsewhere.path().join("kept").exists());
    }

    #[test]
    fn what_an_unmarked_gateway_left_is_recognised() {
        let scratch = tempfile::tempdir().expect("a directory");
        fs::write(scratch.path().join("seed"), [0; 32]).expect("a seed");
        fs::create_dir(scratch.path().join("database")).expect("a folder");
        DataDir::hold(scratch.path()).expect("the gateway's").forget().expect("gone");
        assert!(!scratch.path().join("database").exists());
    }
}
