//! The data of an embedded engine, kept in memory: what the engines of tests begin with, in place of applying every schema anew.
use super::DatabaseError;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// An engine takes this lock on its folder, and leaves the file there.
const LOCK: &str = ".pglite-oxide.lock";

/// All folders and files under one, by their paths in it.
pub(super) struct Image {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Image {
    /// Reads what is under `root`, of which no engine is using anything.
    pub(super) fn read(root: &Path) -> Result<Image, DatabaseError> {
        let mut image = Image { folders: vec![PathBuf::new()], files: Vec::new() };
        let mut next = 0;
        while let Some(folder) = image.folders.get(next).cloned() {
            let path = root.join(&folder);
            for entry in fs::read_dir(&path).map_err(DatabaseError::io(&path))? {
                let entry = entry.map_err(DatabaseError::io(&path))?;
                let own = folder.join(entry.file_name());
                if entry.file_type().map_err(DatabaseError::io(&entry.path()))?.is_dir() {
                    image.folders.push(own);
                } else if entry.file_name() != LOCK {
                    let content = fs::read(entry.path()).map_err(DatabaseError::io(&entry.path()))?;
                    image.files.push((own, content));
                }
            }
            next += 1;
        }
        Ok(image)
    }

    /// Writes it to `root`, which is made.
    pub(super) fn write(&self, root: &Path) -> Result<(), DatabaseError> {
        // Each folder stands before those within it.
        for folder in &self.folders {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(DatabaseError::io(&path))?;
        }
        for (file, content) in &self.files {
            let path = root.join(file);
            fs::write(&path, content).map_err(DatabaseError::io(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_holds_every_folder_and_file_but_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/empty")).expect("folders");
        fs::write(from.join("a/file"), [0, 159, 146, 150]).expect("a file");
        fs::write(from.join(LOCK), "").expect("a lock");
        Image::read(&from).expect("an image").write(&to).expect("a copy");
        assert_eq!(fs::read(to.join("a/file")).expect("the file"), [0, 159, 146, 150]);
        assert!(to.join("a/empty").is_dir() && !to.join(LOCK).exists());
    }
}
