//! Where the SQL lies, and what databases are made of it.
use super::SchemaError;
use crate::{
    database::{Blueprint, DatabaseError, sql_files},
    platform::repository,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The models that the gateway is deployed with. Tests bring their own.
const CATALOG: [&str; 2] = ["supabase/seeds/catalog.sql", "supabase/seeds/catalog_by_figures.sql"];

/// The folders of SQL under a root, which is the repository's except in tests of this module.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

/// A file of SQL by its path from the root.
#[derive(Debug)]
pub struct SourceFile {
    /// Such as `supabase/schemas/00_schema.sql`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl SourceFile {
    /// The name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Layout {
    /// The folders of the repository that this program was built from.
    #[must_use]
    pub fn of_repository() -> Layout {
        Layout::at(repository())
    }

    /// The folders under another root.
    #[must_use]
    pub fn at(root: &Path) -> Layout {
        Layout { root: root.to_owned() }
    }

    /// What there is, each thing once, in the order in which it can be made.
    pub fn schemas(&self) -> Result<Vec<SourceFile>, SchemaError> {
        self.read("supabase/schemas")
    }

    /// The steps there, in order.
    pub fn migrations(&self) -> Result<Vec<SourceFile>, SchemaError> {
        self.read("supabase/migrations")
    }

    /// The rows that every deployment begins with, each file an upsert that can run again.
    pub fn seeds(&self) -> Result<Vec<SourceFile>, SchemaError> {
        self.read("supabase/seeds")
    }

    pub(super) fn path(&self, of: &str) -> PathBuf {
        self.root.join(of)
    }

    fn read(&self, folder: &str) -> Result<Vec<SourceFile>, SchemaError> {
        let read = |name: String| {
            let path = format!("{folder}/{name}");
            let file = self.root.join(&path);
            let text = fs::read_to_string(&file).map_err(SchemaError::io(&file))?;
            Ok(SourceFile { path, text })
        };
        sql_files(&self.root.join(folder))?.into_iter().map(read).collect()
    }

    /// A database as the schemas say, without a row.
    pub fn by_schemas(&self) -> Result<Blueprint, DatabaseError> {
        Blueprint::schemas(&self.root.join("supabase/schemas"))
    }

    /// A database as the migrations make it, without a row of the seeds.
    pub fn by_migrations(&self) -> Result<Blueprint, DatabaseError> {
        Blueprint::migrations(&self.root.join("supabase/migrations"))
    }

    /// The database of a test: new, so by the schemas, with all that functions rely on and no model.
    pub fn for_tests(&self) -> Result<Blueprint, DatabaseError> {
        let seeds: Vec<String> = self.seed_paths()?.filter(|path| !CATALOG.contains(&path.as_str())).collect();
        self.by_schemas()?.with_seeds(&self.root, &seeds)
    }

    /// The database of `cargo run`: it lasts, so by the migrations, with every seed and the models of the stand-ins.
    pub fn for_local(&self) -> Result<Blueprint, DatabaseError> {
        let seeds: Vec<String> = self.seed_paths()?.chain(["local/seed.sql".to_owned()]).collect();
        self.by_migrations()?.with_seeds(&self.root, &seeds)
    }

    fn seed_paths(&self) -> Result<impl Iterator<Item = String>, DatabaseError> {
        let names = sql_files(&self.root.join("supabase/seeds"))?;
        Ok(names.into_iter().map(|name| format!("supabase/seeds/{name}")))
    }
}
