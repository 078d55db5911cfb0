//! Whether this deployment and its database fit each other: looked at when an instance starts, by `/health`, and before an
//! administrator is made.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::api_key::hash;
use crate::app::App;
use crate::config::Pepper;
use crate::supabase::{RpcError, Supabase};

/// The newest migration in `supabase/migrations`: what this program was written for. A database may be ahead of it.
pub const MIGRATION: &str = "20261201000000";

/// What the database says of itself and of this deployment.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// The newest migration that was applied, if any is on record.
    migrated_to: Option<String>,
    /// The versions of the peppers whose fingerprints it does not know, though it knows others of the same versions.
    unknown_peppers: Vec<u32>,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The database is older than this program.
    Outdated(String),
    /// Keys were made under another pepper than this one.
    WrongPepper(u32),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outdated(version) => write!(
                f,
                "the database is at migration {version}, and this deployment needs {MIGRATION}: run `supabase db push` \
                 before deploying"
            ),
            Self::WrongPepper(version) => write!(
                f,
                "pepper {version} is not the one that this database's API keys were made under, so they are not known here: \
                 set API_KEY_PEPPER as it was (or API_KEY_PEPPERS, with a new version for a new pepper)"
            ),
        }
    }
}

impl Report {
    /// What does not fit; nothing, if all is well.
    #[must_use]
    pub fn misfits(&self) -> Vec<Misfit> {
        // Versions are times of the same length, so they order as texts.
        let outdated = self.migrated_to.iter().filter(|version| version.as_str() < MIGRATION);
        let outdated = outdated.map(|version| Misfit::Outdated(version.clone()));
        outdated.chain(self.unknown_peppers.iter().map(|version| Misfit::WrongPepper(*version))).collect()
    }
}

/// Asks the database, which keeps the fingerprints of peppers that are new to it.
///
/// # Errors
/// When it cannot be used: it is away, takes no writes, or lacks the function.
pub async fn inspect(supabase: &Supabase, peppers: &[Pepper]) -> Result<Report, RpcError> {
    let fingerprints: BTreeMap<u32, String> =
        peppers.iter().map(|pepper| (pepper.version, fingerprint(pepper))).collect();
    supabase.rpc("health", &json!({ "peppers": fingerprints })).await
}

/// Looks once, when an instance starts, and logs each misfit as an ERROR. What is not configured says so itself.
pub async fn report(app: &App) {
    let Some(supabase) = app.supabase_if_configured() else { return };
    match inspect(supabase, app.config.peppers.as_deref().unwrap_or_default()).await {
        Ok(report) => {
            for misfit in report.misfits() {
                tracing::error!("{misfit}");
            }
        }
        Err(error) => tracing::error!(%error, "the database cannot be used"),
    }
}

/// What tells a pepper from another one without telling anything of it: an HMAC under it, of a constant that is no key.
fn fingerprint(pepper: &Pepper) -> String {
    hash("the fingerprint of this pepper", pepper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_database_and_a_wrong_pepper_are_told_and_a_newer_database_is_not() {
        let misfits = |migrated_to: Option<&str>, unknown_peppers: &[u32]| {
            let migrated_to = migrated_to.map(str::to_owned);
            Report { migrated_to, unknown_peppers: unknown_peppers.to_vec() }.misfits()
        };
        assert_eq!(misfits(None, &[]), []);
        assert_eq!(misfits(Some(MIGRATION), &[]), []);
        assert_eq!(misfits(Some("29991231000000"), &[]), []);
        let old = "20251231000000";
        assert_eq!(misfits(Some(old), &[2]), [Misfit::Outdated(old.to_owned()), Misfit::WrongPepper(2)]);
    }

    #[test]
    fn a_fingerprint_tells_peppers_apart_and_not_what_they_are() {
        let pepper = |secret: &str| Pepper { version: 1, secret: secret.to_owned() };
        assert_ne!(fingerprint(&pepper("one")), fingerprint(&pepper("two")));
        assert!(!fingerprint(&pepper("secret")).contains("secret"));
    }
}
