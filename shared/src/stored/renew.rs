//! What older keys of the keyring sealed of stored answers, sealed anew under the newest one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::opened;
use crate::app::App;
use crate::error::Result;
use crate::resealing::{Stored, in_rounds, reseal};

const RESPONSES: Stored = Stored { list: "list_outdated_responses", renew: "renew_responses", rounds: 10 };

#[derive(Deserialize)]
struct Outdated {
    responses: Vec<opened::Stored>,
}

/// Seals some of them anew; answers how many. See [`in_rounds`].
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App, longest: Duration) -> Result<usize> {
    in_rounds(app, &RESPONSES, longest, |outdated: Outdated, after| {
        after["response"] = json!(outdated.responses.last()?.id);
        let anew: Vec<Value> = outdated.responses.iter().filter_map(|stored| response_anew(app, stored).ok()).collect();
        Some(json!({ "responses": anew }))
    })
    .await
}

fn response_anew(app: &App, stored: &opened::Stored) -> Result<Value> {
    Ok(json!({ "id": stored.id, "input": reseal(app, &stored.input)?, "output": reseal(app, &stored.output)?,
               "shown": reseal(app, &stored.shown)? }))
}
