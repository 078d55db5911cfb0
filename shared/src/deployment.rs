//! Whether this deployment and its database fit each other: looked at when an instance starts, by `/health`, and before an
//! administrator is made.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::api_key::hash;
use crate::app::App;
use crate::config::{Config, Environment, Pepper};
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
    /// Whether production knows it by the same address.
    #[serde(default)]
    is_productions: bool,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The database is older than this program.
    Outdated(String),
    /// Keys were made under another pepper than this one.
    WrongPepper(u32),
    /// A preview that was given production's database.
    Productions,
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
            Self::Productions => f.write_str(
                "this preview has production's database, so that what is tried here happens to real accounts and their credit: give \
                 previews a SUPABASE_URL and SUPABASE_SECRET_KEY of their own (Supabase's integration does, with branching)",
            ),
        }
    }
}

impl Report {
    /// What does not fit a deployment in this environment; nothing, if all is well.
    #[must_use]
    pub fn misfits(&self, environment: Environment) -> Vec<Misfit> {
        // Versions are times of the same length, so they order as texts.
        let outdated = self.migrated_to.iter().filter(|version| version.as_str() < MIGRATION);
        let outdated = outdated.map(|version| Misfit::Outdated(version.clone()));
        let productions = (self.is_productions && environment == Environment::Preview).then_some(Misfit::Productions);
        let wrong_peppers = self.unknown_peppers.iter().map(|version| Misfit::WrongPepper(*version));
        outdated.chain(wrong_peppers).chain(productions).collect()
    }
}

/// Asks the database, which keeps the fingerprints of peppers that are new to it, and of production's address.
///
/// # Errors
/// When it cannot be used: it is away, takes no writes, or lacks the function.
pub async fn inspect(supabase: &Supabase, config: &Config) -> Result<Report, RpcError> {
    let peppers = config.peppers.as_deref().unwrap_or_default();
    let fingerprints: BTreeMap<u32, String> =
        peppers.iter().map(|pepper| (pepper.version, fingerprint(pepper))).collect();
    let address =
        config.supabase.as_ref().ok().map(|settings| hex::encode(Sha256::digest(settings.url.to_ascii_lowercase())));
    let deployment = json!({ "environment": config.environment.as_str(), "address": address });
    supabase.rpc("health", &json!({ "peppers": fingerprints, "deployment": deployment })).await
}

/// Looks once, when an instance starts, and logs each misfit as an ERROR. What is not configured says so itself.
pub async fn report(app: &App) {
    let Some(supabase) = app.supabase_if_configured() else { return };
    match inspect(supabase, &app.config).await {
        Ok(report) => {
            for misfit in report.misfits(app.config.environment) {
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
            Report { migrated_to, unknown_peppers: unknown_peppers.to_vec(), is_productions: true }
                .misfits(Environment::Production)
        };
        assert_eq!(misfits(None, &[]), []);
        assert_eq!(misfits(Some(MIGRATION), &[]), []);
        assert_eq!(misfits(Some("29991231000000"), &[]), []);
        let old = "20251231000000";
        assert_eq!(misfits(Some(old), &[2]), [Misfit::Outdated(old.to_owned()), Misfit::WrongPepper(2)]);
        let of_preview = Report { migrated_to: None, unknown_peppers: Vec::new(), is_productions: true };
        assert_eq!(of_preview.misfits(Environment::Preview), [Misfit::Productions]);
    }

    #[test]
    fn a_fingerprint_tells_peppers_apart_and_not_what_they_are() {
        let pepper = |secret: &str| Pepper { version: 1, secret: secret.to_owned() };
        assert_ne!(fingerprint(&pepper("one")), fingerprint(&pepper("two")));
        assert!(!fingerprint(&pepper("secret")).contains("secret"));
    }
}
