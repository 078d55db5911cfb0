//! Secrets that older keys of the keyring sealed, sealed anew under the newest one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Result;
use crate::keyring::Sealed;
use crate::resealing::{Stored, in_rounds, reseal};

const SECRETS: Stored = Stored { list: "list_outdated_webhook_secrets", renew: "renew_webhook_secrets", rounds: 10 };

#[derive(Deserialize)]
struct Outdated {
    id: i64,
    #[serde(flatten)]
    secret: Sealed,
}

/// Seals some of them anew; answers how many. See [`in_rounds`].
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App, longest: Duration) -> Result<usize> {
    in_rounds(app, &SECRETS, longest, |outdated: Vec<Outdated>, after| {
        after["secret"] = json!(outdated.last()?.id);
        let anew =
            outdated.iter().filter_map(|one| Some(json!({ "id": one.id, "secret": reseal(app, &one.secret).ok()? })));
        Some(anew.collect::<Value>())
    })
    .await
}
