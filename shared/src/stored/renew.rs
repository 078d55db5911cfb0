//! What older keys of the keyring sealed of stored answers, sealed anew under the newest one.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::opened::Stored;
use crate::app::App;
use crate::error::Result;
use crate::keyring::{self, Sealed};

/// How many rounds that renew something one run makes at most.
const ROUNDS: usize = 10;

#[derive(Deserialize)]
struct Outdated {
    responses: Vec<Stored>,
}

#[derive(Deserialize)]
struct Done {
    renewed: usize,
}

/// The outdated token and what takes its place.
#[derive(Serialize)]
struct Renewed(String, Sealed);

/// Seals anew some of what older keys sealed; answers how much. What no key can open stays as it is, with an ERROR in the log, and
/// keeps nothing behind it from being renewed. No round is begun after `longest`.
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App, longest: Duration) -> Result<usize> {
    let versions = keyring::older_versions(app);
    let (began, mut renewed, mut rounds) = (Instant::now(), 0, 0);
    let mut after = json!({});
    while !versions.is_empty() && rounds < ROUNDS && began.elapsed() < longest {
        let asked = json!({ "versions": versions, "after": after });
        let outdated: Outdated = app.supabase()?.rpc("list_outdated_responses", &asked).await?;
        let Some(last) = outdated.responses.last() else { break };
        after["response"] = json!(last.id);
        let anew: Vec<_> = outdated.responses.iter().filter_map(|stored| response_anew(app, stored).ok()).collect();
        let asked = json!({ "renewed": { "responses": anew } });
        let done: Done = app.supabase()?.rpc("renew_responses", &asked).await?;
        renewed += done.renewed;
        rounds += usize::from(done.renewed > 0);
    }
    Ok(renewed)
}

fn response_anew(app: &App, stored: &Stored) -> Result<serde_json::Value> {
    Ok(json!({ "id": stored.id, "said": anew(app, &stored.said)?, "shown": anew(app, &stored.shown)? }))
}

fn anew(app: &App, sealed: &Sealed) -> Result<Renewed> {
    Ok(Renewed(sealed.ciphertext.clone(), keyring::seal(app, &keyring::open(app, sealed)?)?))
}
