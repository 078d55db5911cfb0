//! The user that a spawned Postgres runs as: it refuses root.
use super::DatabaseError;
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

/// Supabase's locale; elsewhere than on Linux a system may lack it.
pub(super) const LOCALE: &str = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };

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
pub(super) struct User(Option<(u32, u32)>);

impl User {
    pub(super) fn for_server() -> Result<User, DatabaseError> {
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
    pub(super) fn own(&self, folder: &Path) -> Result<(), DatabaseError> {
        if let Some((user, group)) = self.0 {
            chown(folder, Some(user), Some(group)).map_err(DatabaseError::io(folder))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(DatabaseError::io(folder))
    }

    /// A program of Postgres, to be run by this user.
    pub(super) fn command(&self, bin: &Path, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(bin.join(program));
        command.current_dir(folder).env("LC_ALL", LOCALE).env("TZ", "UTC").stdin(Stdio::null());
        if let Some((user, group)) = self.0 {
            command.gid(group).uid(user);
        }
        command
    }
}
