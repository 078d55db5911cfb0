//! `/user/webhooks/{id}/rotate-secret`: a new secret for a webhook that stays what it is.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::shown::{MadeWebhook, show_secret};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::keyring;
use crate::webhooks::secret;

/// The longest that a former secret goes on to sign, in hours: a week.
const LONGEST: i64 = 168;
/// How long it does unless its owner says otherwise.
const USUAL: i64 = 24;

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"overlap_hours": 24})))]
pub struct SecretRotation {
    /// How long the former secret signs beside the new one; 0 ends it at once. Those before it sign for no longer.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 168, default = 24)]
    overlap_hours: Option<Integer>,
}

/// `POST /user/webhooks/{id}/rotate-secret`: shows the new secret this once. Until the overlap is over each delivery has a signature
/// of either, so that its receiver can change over at any moment between.
///
/// # Errors
/// The refusals of key validation; 404 `webhook_not_found`; 503 without a keyring.
#[utoipa::path(post, path = "/user/webhooks/{id}/rotate-secret", tag = "account", request_body = SecretRotation,
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = MadeWebhook), (status = 404, description = "`webhook_not_found`")))]
pub async fn rotate(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<SecretRotation>,
) -> Result<Response> {
    let hours = input.body.overlap_hours.map_or(USUAL, |hours| hours.0);
    if !(0..=LONGEST).contains(&hours) {
        return Err(Error::invalid("overlap_hours", format!("`overlap_hours` is from 0 to {LONGEST}.")));
    }
    let secret = secret::generate()?;
    let sealed = keyring::seal(&app, &secret)?;
    let request = json!({ "ciphertext": sealed.ciphertext, "version": sealed.version, "overlap_hours": hours });
    let arguments = json!({ "target": named_id(&id), "request": request });
    let webhook: Box<RawValue> = caller.rpc(&app, "rotate_webhook_secret", arguments).await?;
    Ok(answer::private(&show_secret(&webhook, &secret)?))
}
