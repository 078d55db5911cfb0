//! The secrets of one local platform. All follow from one random seed, kept in `.local/` for the owner alone.

use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The file of the seed.
const FILE: &str = "seed";

/// A seed and what follows from it.
#[derive(Clone)]
pub struct Secrets {
    seed: [u8; 32],
}

impl Secrets {
    /// Secrets that nobody else has.
    #[must_use]
    pub fn random() -> Self {
        let mut seed = [0; 32];
        for half in seed.chunks_mut(16) {
            half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        Self { seed }
    }

    /// The secrets kept in `dir`; new ones at first.
    ///
    /// # Errors
    /// When the file cannot be read or written, or does not hold a seed.
    pub fn kept_in(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(kept) => {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
                let seed = kept.try_into().map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a seed; use --fresh", path.display()))
                })?;
                Ok(Self { seed })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secrets = Self::random();
                let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                io::Write::write_all(&mut file, &secrets.seed)?;
                Ok(secrets)
            }
            Err(error) => Err(error),
        }
    }

    /// The seed itself, for what derives secrets of its own.
    #[must_use]
    pub fn seed(&self) -> &[u8] {
        &self.seed
    }

    /// The secret for `purpose`: 43 base64url characters.
    #[must_use]
    pub fn of(&self, purpose: &str) -> String {
        let digest = Sha256::new().chain_update(self.seed).chain_update(purpose).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_for_their_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Secrets::kept_in(dir.path()).expect("secrets");
        assert_eq!(first.of("x"), Secrets::kept_in(dir.path()).expect("the same").of("x"));
        let mode = std::fs::metadata(dir.path().join(FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(first.of("x"), first.of("y"));
        assert_ne!(first.of("x"), Secrets::random().of("x"));
    }
}
