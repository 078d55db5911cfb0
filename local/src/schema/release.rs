//! `supabase/RELEASED`: the migrations that databases out there have run, and the seeds as they were then.
//!
//! A line `# VERSION` begins a release; each line after it is the SHA-256 of a file and its path. A migration that stands
//! there is frozen. A seed stands there again when it has changed: the latest line counts.
use super::{Layout, SchemaError, check, layout::SourceFile};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, fs};

/// The file, which the first release makes.
const RELEASED: &str = "supabase/RELEASED";

/// Every release, from the first to the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Releases(Vec<Release>);

/// What a release brought.
#[derive(Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub version: String,
    /// The path and the SHA-256 of each file that was new or had changed.
    pub files: Vec<(String, String)>,
}

impl Release {
    /// The file name of its last migration, up to which a database of this release has run them.
    #[must_use]
    pub fn last_migration(&self) -> Option<&str> {
        self.files.iter().filter_map(|(path, _)| path.strip_prefix("supabase/migrations/")).max()
    }
}

impl Releases {
    /// Reads the file; where there is none, nothing is released.
    pub fn read(layout: &Layout) -> Result<Releases, SchemaError> {
        let path = layout.path(RELEASED);
        match fs::read_to_string(&path) {
            Ok(text) => Releases::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Releases::default()),
            Err(error) => Err(SchemaError::io(&path)(error)),
        }
    }

    fn parse(text: &str) -> Result<Releases, SchemaError> {
        let mut releases: Vec<Release> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = || SchemaError::Released { line: index + 1 };
            if let Some(version) = line.strip_prefix("# ") {
                releases.push(Release { version: version.to_owned(), files: Vec::new() });
            } else {
                let (hash, path) = line.split_once("  ").ok_or_else(wrong)?;
                let release = releases.last_mut().ok_or_else(wrong)?;
                release.files.push((path.to_owned(), hash.to_owned()));
            }
        }
        Ok(Releases(releases))
    }

    /// Whether there is no release.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each release in order.
    pub fn iter(&self) -> impl Iterator<Item = &Release> {
        self.0.iter()
    }

    /// Each released file by its path, with its latest SHA-256.
    #[must_use]
    pub fn files(&self) -> BTreeMap<&str, &str> {
        let files = self.0.iter().flat_map(|release| &release.files);
        files.map(|(path, hash)| (path.as_str(), hash.as_str())).collect()
    }

    /// Whether this file was released, and has not changed since.
    #[must_use]
    pub fn holds(&self, file: &SourceFile) -> bool {
        self.files().get(file.path.as_str()) == Some(&hash(file).as_str())
    }
}

/// Freezes the migrations that no release has yet; answers their paths. What `cargo run -- schema` would find in the files
/// is refused; that the databases agree, the caller has seen.
pub fn release(layout: &Layout, version: &str) -> Result<Vec<String>, SchemaError> {
    let releases = Releases::read(layout)?;
    let taken = releases.iter().any(|release| release.version == version);
    if taken || version.is_empty() || version.contains(char::is_whitespace) {
        return Err(SchemaError::Version(version.to_owned()));
    }
    let problems = check::problems(layout)?;
    if !problems.is_empty() {
        return Err(SchemaError::Unready(problems));
    }
    let new = |files: Vec<SourceFile>| files.into_iter().filter(|file| !releases.holds(file)).collect::<Vec<_>>();
    let migrations = new(layout.migrations()?);
    if migrations.is_empty() {
        return Err(SchemaError::NothingNew);
    }
    let path = layout.path(RELEASED);
    let mut text =
        if releases.is_empty() { String::new() } else { fs::read_to_string(&path).map_err(SchemaError::io(&path))? };
    let _ = writeln!(text, "# {version}");
    for file in migrations.iter().chain(&new(layout.seeds()?)) {
        let _ = writeln!(text, "{}  {}", hash(file), file.path);
    }
    fs::write(&path, text).map_err(SchemaError::io(&path))?;
    Ok(migrations.into_iter().map(|file| file.path).collect())
}

fn hash(file: &SourceFile) -> String {
    hex::encode(Sha256::digest(&file.text))
}
