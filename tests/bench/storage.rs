//! Whether commits wait for a disk: the same load costs other things where they do.

use std::fmt;
use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

use crate::Result;
use crate::figures::percentile;

/// Flushes whose median says how fast a disk is.
const FLUSHES: usize = 200;

/// Where Postgres keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Where the tests have it, `fsync`, `synchronous_commit` and `full_page_writes` off: all that is measured is CPU.
    Unflushed,
    /// In this folder of a real disk, all three on, as in production.
    Flushed(PathBuf),
}

impl Storage {
    /// A fresh folder for the data, if they are to stay.
    ///
    /// # Errors
    /// When it cannot be made, or is in memory, where a flush is nothing.
    pub fn folder(&self) -> Result<Option<TempDir>> {
        let Self::Flushed(disk) = self else { return Ok(None) };
        if is_in_memory(disk)? {
            return Err(format!("{} is in memory and flushes nothing: name a folder by --disk", disk.display()).into());
        }
        // Postgres runs as a user of its own, who must get through.
        let mut folder = tempfile::Builder::new();
        folder.prefix("gateway-bench-").permissions(Permissions::from_mode(0o755));
        Ok(Some(folder.tempdir_in(disk)?))
    }

    /// How long the disk takes to flush a page of the log, in µs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush_time(&self) -> Result<Option<f64>> {
        let Some(folder) = self.folder()? else { return Ok(None) };
        let mut file = File::create(folder.path().join("flushed"))?;
        let mut samples = Vec::with_capacity(FLUSHES);
        for _ in 0..FLUSHES {
            file.write_all(&[1; 8192])?;
            let began = Instant::now();
            file.sync_data()?;
            samples.push(began.elapsed());
        }
        Ok(Some(percentile(&mut samples, 0.5)))
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unflushed => "no flushes",
            Self::Flushed(_) => "flushed",
        })
    }
}

/// Whether the file system that holds a path is one of those that keep nothing.
fn is_in_memory(path: &Path) -> Result<bool> {
    let path = path.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let mut longest = (0, false);
    for mount in mounts.lines() {
        let mut fields = mount.split(' ').skip(1);
        if let (Some(at), Some(kind)) = (fields.next(), fields.next())
            && path.starts_with(at)
            && at.len() >= longest.0
        {
            longest = (at.len(), matches!(kind, "tmpfs" | "ramfs"));
        }
    }
    Ok(longest.1)
}
