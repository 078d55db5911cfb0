//! What a database is made of: its structure, by schemas or by migrations, and the rows that it begins with.
use super::DatabaseError;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How to make a database, or to bring one up to date: see [`super::Database::apply`].
#[derive(Debug, Default)]
pub struct Blueprint {
    pub(super) structure: Structure,
    pub(super) seeds: Vec<SqlFile>,
}

/// Where tables and functions come from.
#[derive(Debug)]
pub(super) enum Structure {
    /// Each thing as it is today: for a database that is new.
    Schemas(Vec<SqlFile>),
    /// Step by step as it became: for one that has to last.
    Migrations(Vec<Migration>),
}

/// A file of SQL and the name that messages and records know it by.
#[derive(Debug)]
pub(super) struct SqlFile {
    pub(super) name: String,
    pub(super) sql: String,
}

/// A migration on disk.
#[derive(Debug)]
pub(super) struct Migration {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) file: SqlFile,
}

impl Default for Structure {
    fn default() -> Structure {
        Structure::Migrations(Vec::new())
    }
}

impl Blueprint {
    /// The structure that the files of a folder say, in the order of their names.
    pub fn schemas(folder: &Path) -> Result<Blueprint, DatabaseError> {
        let structure = Structure::Schemas(read_folder(folder)?);
        Ok(Blueprint { structure, seeds: Vec::new() })
    }

    /// The structure that the migrations `VERSION_NAME.sql` of a folder make, in the order of their names.
    pub fn migrations(folder: &Path) -> Result<Blueprint, DatabaseError> {
        let mut migrations: Vec<Migration> = Vec::new();
        for file in read_folder(folder)? {
            let stem = file.name.trim_end_matches(".sql");
            let Some((version, name)) = stem.split_once('_').filter(|(version, _)| {
                !version.is_empty()
                    && version.bytes().all(|byte| byte.is_ascii_digit())
                    && migrations.iter().all(|other| other.version != *version)
            }) else {
                return Err(DatabaseError::MigrationName { file: file.name });
            };
            migrations.push(Migration { version: version.to_owned(), name: name.to_owned(), file });
        }
        Ok(Blueprint { structure: Structure::Migrations(migrations), seeds: Vec::new() })
    }

    /// The same without the migrations that come after this file: a database as it was then.
    pub fn up_to(mut self, last: &str) -> Blueprint {
        if let Structure::Migrations(migrations) = &mut self.structure {
            migrations.retain(|migration| migration.file.name.as_str() <= last);
        }
        self
    }

    /// The same with seeds, each by its path from `root`: the Supabase CLI records `supabase/seeds/NAME.sql`.
    pub fn with_seeds<Name: AsRef<str>>(mut self, root: &Path, names: &[Name]) -> Result<Blueprint, DatabaseError> {
        for name in names {
            let name = name.as_ref().to_owned();
            let sql = read_file(&root.join(&name))?;
            self.seeds.push(SqlFile { name, sql });
        }
        Ok(self)
    }

    /// Every SQL of it, in the order in which it runs.
    pub(super) fn sql(&self) -> impl Iterator<Item = &str> {
        let (schemas, migrations): (&[SqlFile], &[Migration]) = match &self.structure {
            Structure::Schemas(files) => (files, &[]),
            Structure::Migrations(migrations) => (&[], migrations),
        };
        let structure = schemas.iter().chain(migrations.iter().map(|migration| &migration.file));
        structure.chain(&self.seeds).map(|file| file.sql.as_str())
    }
}

/// The names of a folder's SQL files, sorted. A folder that is not there has none.
pub(crate) fn sql_files(folder: &Path) -> Result<Vec<String>, DatabaseError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DatabaseError::io(folder)(error)),
    };
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(DatabaseError::io(folder))?;
    let sql = paths.iter().filter(|path| path.extension().is_some_and(|end| end == "sql"));
    let mut names: Vec<String> =
        sql.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn read_folder(folder: &Path) -> Result<Vec<SqlFile>, DatabaseError> {
    let read = |name: String| Ok(SqlFile { sql: read_file(&folder.join(&name))?, name });
    sql_files(folder)?.into_iter().map(read).collect()
}

fn read_file(path: &Path) -> Result<String, DatabaseError> {
    fs::read_to_string(path).map_err(DatabaseError::io(path))
}
