//! `/user/webhooks/{id}/deliveries`: what a webhook was told, newest first.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::{DeliveryState, WebhookDelivery};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::api_keys::key_cursor;
use crate::endpoints::input::{Params, named_id, page_size};
use crate::error::Result;

/// Which deliveries, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// What became of them; `all` unless given.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Deliveries a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(format = "uuid")]
    cursor: Option<String>,
}

/// `GET /user/webhooks/{id}/deliveries`: what a webhook was told in the last thirty days, or is to be told, and what became of it.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range; 404 `webhook_not_found`.
#[utoipa::path(get, path = "/user/webhooks/{id}/deliveries", tag = "account",
    params(("id" = Uuid, Path, description = "The webhook."), DeliveryQuery),
    responses((status = 200, body = Page<WebhookDelivery>), (status = 404, description = "`webhook_not_found`")))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<DeliveryQuery>,
) -> Result<Response> {
    let query = json!({
        "state": query.state.unwrap_or_default(),
        "limit": page_size(query.limit, None, 100)?,
        "cursor": key_cursor(query.cursor.as_deref())?,
    });
    let arguments = json!({ "target": named_id(&id), "query": query });
    let deliveries: Box<RawValue> = caller.rpc(&app, "list_webhook_deliveries", arguments).await?;
    Ok(answer::private(&deliveries))
}
