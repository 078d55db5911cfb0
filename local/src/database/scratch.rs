//! Where data live that need not outlive the program.
use super::DatabaseError;
use std::{env, path::PathBuf};
use tempfile::TempDir;

/// The folder that Linux keeps in memory.
const MEMORY: &str = "/dev/shm";

/// What must be free there, in bytes: some hundred test databases, and the log of what is written to them.
const ROOM: u64 = 2 << 30;

/// A fresh folder: in memory where there is room, unless `TMPDIR` says where. A test's database is a copy of 400 files,
/// and there are disks that take a millisecond to make one.
pub(super) fn folder(prefix: &str) -> Result<TempDir, DatabaseError> {
    let base = if env::var_os("TMPDIR").is_none() && has_room() { PathBuf::from(MEMORY) } else { env::temp_dir() };
    tempfile::Builder::new().prefix(prefix).tempdir_in(&base).map_err(DatabaseError::io(&base))
}

fn has_room() -> bool {
    rustix::fs::statvfs(MEMORY).is_ok_and(|memory| memory.f_bavail.saturating_mul(memory.f_frsize) >= ROOM)
}
