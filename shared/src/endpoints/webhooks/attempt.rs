//! `/user/webhooks/{id}/test` and `/user/webhooks/{id}/deliveries/{delivery_id}/replay`: something is sent now, and what became of
//! it is told.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::WebhookDelivery;
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::error::Result;
use crate::keyring;
use crate::webhooks::outbox::deliver;

/// After which no further delivery of the account is begun before the answer; what is left goes by the cron job.
const LONGEST: Duration = Duration::from_secs(1);

/// Nothing: it goes to the webhook's own address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct AttemptRequest {}

#[derive(Deserialize)]
struct Queued {
    id: Uuid,
    account_id: Uuid,
    shown: Box<RawValue>,
}

/// Asks for a delivery and sends it; as it stands then.
async fn attempt(app: &App, caller: &Caller, function: &'static str, arguments: Value) -> Result<Response> {
    // Nothing is queued that nobody could sign.
    keyring::newest(app)?;
    let queued: Queued = caller.rpc(app, function, arguments).await?;
    let attempted = deliver(app, Some(queued.account_id), LONGEST).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a webhook's delivery waits for the cron job");
        Vec::new()
    });
    let ours = attempted.into_iter().find(|attempted| attempted.id == queued.id);
    Ok(answer::private(&ours.map_or(queued.shown, |ours| ours.shown)))
}

/// `POST /user/webhooks/{id}/test`: sends a webhook an event of the type `webhook.test`, once, and tells how that was taken. Sixty
/// tests and replays an hour.
///
/// # Errors
/// The refusals of key validation; 404 `webhook_not_found`; 409 `webhook_disabled`; 429 `too_many_attempts`; 503 without a keyring.
#[utoipa::path(post, path = "/user/webhooks/{id}/test", tag = "account", request_body = AttemptRequest,
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses(
        (status = 200, body = WebhookDelivery),
        (status = 404, description = "`webhook_not_found`"),
        (status = 409, description = "`webhook_disabled`"),
        (status = 429, description = "`too_many_attempts`")))]
pub async fn test(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    _: Input<AttemptRequest>,
) -> Result<Response> {
    attempt(&app, &caller, "test_webhook", json!({ "target": named_id(&id) })).await
}

/// `POST /user/webhooks/{id}/deliveries/{delivery_id}/replay`: sends again, under the same id, whatever has become of it before; what
/// fails is tried again as often as anything else. Sixty tests and replays an hour.
///
/// # Errors
/// The refusals of key validation; 404 `webhook_not_found`, `webhook_delivery_not_found`; 409 `webhook_disabled`,
/// `webhook_delivery_under_way`; 429 `too_many_attempts`; 503 without a keyring.
#[utoipa::path(post, path = "/user/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "account",
    request_body = AttemptRequest,
    params(("id" = Uuid, Path, description = "The webhook."),
           ("delivery_id" = Uuid, Path, description = "What it was told, or was to be.")),
    responses(
        (status = 200, body = WebhookDelivery),
        (status = 404, description = "`webhook_not_found`, `webhook_delivery_not_found`"),
        (status = 409, description = "`webhook_disabled`, `webhook_delivery_under_way`"),
        (status = 429, description = "`too_many_attempts`")))]
pub async fn replay(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((id, delivery)): Path<(String, String)>,
    _: Input<AttemptRequest>,
) -> Result<Response> {
    let arguments = json!({ "target": named_id(&id), "delivery": named_id(&delivery) });
    attempt(&app, &caller, "replay_webhook_delivery", arguments).await
}
