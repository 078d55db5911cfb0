//! What older keys of the keyring sealed in the database, sealed anew under the newest one, in rounds.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Result;
use crate::keyring::{self, Sealed};

/// The outdated token and what takes its place.
#[derive(Serialize)]
pub struct Resealed(pub String, pub Sealed);

/// The functions of the database for one kind of what is stored.
pub struct Stored {
    /// Lists some of what is outdated, behind the last that was listed before.
    pub list: &'static str,
    /// Puts new tokens in the place of the listed ones.
    pub renew: &'static str,
    /// How many rounds that renew something one run makes at most.
    pub rounds: usize,
}

#[derive(Deserialize)]
struct Done {
    renewed: usize,
}

/// Seals anew some of what older keys sealed; answers how much. A keyring of one has nothing to renew from. What no key can open
/// stays as it is, with an ERROR in the log, and keeps nothing behind it from being renewed. No round is begun after `longest`.
///
/// `round` makes of what was listed what is to be renewed, and notes in its second argument the last that it has seen of each kind; it
/// gives nothing when nothing was listed.
///
/// # Errors
/// `service_unavailable`.
pub async fn in_rounds<Listed: DeserializeOwned>(
    app: &App,
    stored: &Stored,
    longest: Duration,
    round: impl Fn(Listed, &mut Value) -> Option<Value>,
) -> Result<usize> {
    let versions = keyring::older_versions(app);
    let (began, mut renewed, mut rounds) = (Instant::now(), 0, 0);
    let mut after = json!({});
    while !versions.is_empty() && rounds < stored.rounds && began.elapsed() < longest {
        let listed = app.supabase()?.rpc(stored.list, &json!({ "versions": versions, "after": after })).await?;
        let Some(anew) = round(listed, &mut after) else { break };
        let done: Done = app.supabase()?.rpc(stored.renew, &json!({ "renewed": anew })).await?;
        renewed += done.renewed;
        rounds += usize::from(done.renewed > 0);
    }
    Ok(renewed)
}

/// A token sealed anew.
///
/// # Errors
/// `not_configured` when no key can open it.
pub fn reseal(app: &App, sealed: &Sealed) -> Result<Resealed> {
    Ok(Resealed(sealed.ciphertext.clone(), keyring::seal(app, &keyring::open(app, sealed)?)?))
}
