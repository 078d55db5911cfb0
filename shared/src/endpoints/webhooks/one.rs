//! `/user/webhooks/{id}`: one webhook, what it is told, and its end.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Webhook, WebhookEvent, check_events, check_url};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, Name, check_name, named_id};
use crate::endpoints::members::{given, not_null};
use crate::error::{Code, Error, Result};

/// What is to be changed; what is left out stays.
#[derive(Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"events": ["usage.daily"], "enabled": true})))]
pub struct WebhookChange {
    /// Where it is from now on.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 2048, pattern = "^https://")]
    url: Option<String>,
    /// What it is for; null: nothing is said.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Name>)]
    description: Option<Option<String>>,
    /// Of what it is told, in place of what it was told of before.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<WebhookEvent>, required = false, min_items = 1)]
    events: Option<Vec<WebhookEvent>>,
    /// Whether it is told anything. What waits when it is switched off is given up.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
}

/// That a webhook is gone.
#[derive(ToSchema)]
pub struct DeletedWebhook {
    /// `webhook`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// True.
    pub deleted: bool,
}

/// `GET /user/webhooks/{id}`: one webhook, and whether it is taken what it is told.
///
/// # Errors
/// The refusals of key validation; 404 `webhook_not_found`.
#[utoipa::path(get, path = "/user/webhooks/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Webhook), (status = 404, description = "`webhook_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let webhook: Box<RawValue> = caller.rpc(&app, "get_webhook", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&webhook))
}

/// `PATCH /user/webhooks/{id}`: changes where it is or what it is told, and switches it on or off.
///
/// # Errors
/// The refusals of key validation; 400 for an address that is not on the public internet; 404 `webhook_not_found`.
#[utoipa::path(patch, path = "/user/webhooks/{id}", tag = "account", request_body = WebhookChange,
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Webhook), (status = 404, description = "`webhook_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<WebhookChange>,
) -> Result<Response> {
    let changes = input.body;
    if changes == WebhookChange::default() {
        return Err(Error::new(Code::InvalidRequest).with_message("Name at least one thing to change."));
    }
    changes.url.iter().try_for_each(|url| check_url(&app, url))?;
    check_name("description", changes.description.as_ref().and_then(Option::as_deref))?;
    changes.events.iter().try_for_each(|events| check_events(events))?;
    let arguments = json!({ "target": named_id(&id), "changes": changes });
    let webhook: Box<RawValue> = caller.rpc(&app, "update_webhook", arguments).await?;
    Ok(answer::private(&webhook))
}

/// `DELETE /user/webhooks/{id}`: deletes a webhook with its secrets and all that it was told.
///
/// # Errors
/// The refusals of key validation; 404 `webhook_not_found`.
#[utoipa::path(delete, path = "/user/webhooks/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = DeletedWebhook), (status = 404, description = "`webhook_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let gone: Box<RawValue> = caller.rpc(&app, "delete_webhook", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&gone))
}
