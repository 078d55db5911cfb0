//! Finds the programs of an installed Postgres.
use std::{
    fs,
    path::{Path, PathBuf},
};

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
